#include "core/train/schedule.h"

#include <gtest/gtest.h>

namespace oubli {
namespace {

TEST(Schedule, ConstantStaysAtOne) { EXPECT_EQ(Schedule{}.at(99, 100, 9), 1); }

TEST(Schedule, StepDropsByTheFactor) {
  Schedule schedule;
  schedule.name = "step";
  schedule.every = 2;
  EXPECT_DOUBLE_EQ(schedule.at(0, 10, 1), 1);
  EXPECT_DOUBLE_EQ(schedule.at(0, 10, 2), 0.1);
  EXPECT_NEAR(schedule.at(0, 10, 5), 0.01, 1e-15);
}

TEST(Schedule, CosineFallsFromOneThroughOneHalf) {
  Schedule schedule;
  schedule.name = "cosine";
  EXPECT_DOUBLE_EQ(schedule.at(0, 100, 0), 1);
  EXPECT_NEAR(schedule.at(50, 100, 0), 0.5, 1e-15);
  EXPECT_LT(schedule.at(99, 100, 0), 1e-3);
}

TEST(Schedule, OneCycleRisesToOneAndFalls) {
  Schedule schedule;
  schedule.name = "one_cycle";
  EXPECT_NEAR(schedule.at(0, 100, 0), 1.0 / 25, 1e-12);
  EXPECT_NEAR(schedule.at(30, 100, 0), 1, 1e-12);
  EXPECT_LT(schedule.at(99, 100, 0), 0.01);
  for (int t = 1; t < 30; ++t) EXPECT_GT(schedule.at(t, 100, 0), schedule.at(t - 1, 100, 0));
}

}  // namespace
}  // namespace oubli
