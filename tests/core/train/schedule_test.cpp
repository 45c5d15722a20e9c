#include "core/train/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <numbers>

#include "core/base/settings_file.h"

namespace oubli {
namespace {

Schedule schedule_with(const Json& settings) {
  return Schedule::read(Settings(parse_settings(to_yaml({{"schedule", settings}}), "test")));
}

// tests/golden/make_schedules.py asks PyTorch's schedulers for every rate of a run.
TEST(Schedule, IsPyTorchsOfTheSameName) {
  std::ifstream file(std::filesystem::path(OUBLI_SOURCE_DIR) / "tests/golden/schedules.json");
  const Json cases = Json::parse(file);
  ASSERT_GT(cases.size(), 20u);
  for (const Json& each : cases) {
    const Schedule schedule = schedule_with(each.at("settings"));
    const std::int64_t steps = each.at("steps");
    for (std::int64_t t = 0; t < steps; ++t) {
      const double rate = each.at("rates").at(static_cast<std::size_t>(t));
      // `step` and `multi_step` are stepped once an epoch.
      EXPECT_NEAR(schedule.at(t, steps, t), rate, 1e-12) << each.at("settings") << " step " << t;
    }
  }
}

TEST(Schedule, ConstantStaysAtOne) { EXPECT_EQ(Schedule{}.at(99, 100, 9), 1); }

TEST(Schedule, OneCycleReachesItsPeakAndItsEnd) {
  Schedule schedule;
  schedule.name = "one_cycle";
  EXPECT_NEAR(schedule.at(0, 100, 0), 1.0 / 25, 1e-15);
  EXPECT_DOUBLE_EQ(schedule.at(29, 100, 0), 1);
  EXPECT_DOUBLE_EQ(schedule.at(99, 100, 0), 1 / (25 * 1e4));
  // PyTorch divides 0 by 0 where the rise ends in the first step.
  schedule.warm_up = 0.25;
  EXPECT_EQ(schedule.at(0, 4, 0), 1);
}

// A line up to 1 over floor(0.1 T) steps, and half a cosine over the others.
TEST(Schedule, CosineRisesFirstWhereItIsToldTo) {
  const Schedule schedule = schedule_with({{"name", "cosine"}, {"warm_up", 0.1}});
  for (int t = 0; t < 10; ++t) EXPECT_DOUBLE_EQ(schedule.at(t, 105, 0), (t + 1) / 10.0);
  for (int t = 10; t < 105; ++t) {
    EXPECT_NEAR(schedule.at(t, 105, 0), (1 + std::cos(std::numbers::pi * (t - 10) / 95)) / 2,
                1e-15);
  }
  EXPECT_EQ(schedule.at(10, 105, 0), 1);
  EXPECT_GT(schedule.at(104, 105, 0), 0) << "the last step is one";
}

TEST(Schedule, AWarmUpOfLessThanAStepIsNone) {
  const Schedule with = schedule_with({{"name", "cosine"}, {"warm_up", 0.1}});
  const Schedule without = schedule_with({{"name", "cosine"}});
  for (int t = 0; t < 9; ++t) EXPECT_EQ(with.at(t, 9, 0), without.at(t, 9, 0));
  EXPECT_NE(with.at(5, 10, 0), without.at(5, 10, 0));
}

}  // namespace
}  // namespace oubli
