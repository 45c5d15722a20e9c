#include "core/privacy/contraction.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"
#include "tests/support/expect_error.h"

namespace oubli {
namespace {

std::vector<double> shifts_of(const TwoDescents& both) {
  std::vector<double> shifts;
  for (const DescentPhase& phase : both.phases) {
    shifts.insert(shifts.end(), static_cast<std::size_t>(phase.steps), phase.shift);
  }
  return shifts;
}

TEST(TwoDescents, DistanceIsThatOfStepAfterStep) {
  const TwoDescents both{0.9, 5, {{7, 0.3}, {4, 0.1}, {20, 0}}};
  double apart = 0;
  for (const double shift : shifts_of(both)) apart = std::min(5.0, 0.9 * apart + shift);
  EXPECT_NEAR(both.distance(), apart, 1e-14);
  // Of one phase and the steps behind it.
  const TwoDescents simple{.contraction = 0.8, .phases = {{10, 0.5}, {3, 0}}};
  EXPECT_NEAR(simple.distance(), std::pow(0.8, 3) * 0.5 * (1 - std::pow(0.8, 10)) / 0.2, 1e-14);
  // A step that only shifts, one that expands.
  EXPECT_NEAR((TwoDescents{.contraction = 1, .phases = {{10, 0.5}, {3, 0}}}.distance()), 5, 1e-12);
  EXPECT_NEAR((TwoDescents{.contraction = 2, .phases = {{3, 1}, {2, 0}}}.distance()), 28, 1e-12);
  // A ball bounds it where steps begin.
  EXPECT_NEAR((TwoDescents{1, 2, {{100, 1}, {0, 0}}}.distance()), 2, 0);
}

// x <- c x + N(0, 1) and x' <- c x' + s + N(0, 1) end as normals of one variance: mu is exact.
TEST(TwoDescents, LinearChainsReachTheSensitivity) {
  const TwoDescents both{.contraction = 0.93, .phases = {{30, 0.4}, {10, 0.25}, {15, 0}}};
  double mean = 0, variance = 0;
  for (const double shift : shifts_of(both)) {
    mean = 0.93 * mean + shift;
    variance = 0.93 * 0.93 * variance + 1;
  }
  EXPECT_NEAR(both.sensitivity(), mean / std::sqrt(variance), 1e-12);
}

// No other way to go over, drawn at random, adds less.
TEST(TwoDescents, NoOtherWayOverIsCheaper) {
  const TwoDescents both{.contraction = 0.8, .phases = {{2, 0.4}, {2, 0}}};
  const std::vector<double> shifts = shifts_of(both);
  Generator draw(1);
  double cheapest = 1e9;
  for (int trial = 0; trial < 20000; ++trial) {
    const Tensor shares = draw.uniform({4}, at::kDouble);
    double apart = 0, squares = 0;
    for (std::size_t t = 0; t < 4; ++t) {
      const double way = 0.8 * apart + shifts[t];
      const double step = t == 3 ? way : way * shares[static_cast<std::int64_t>(t)].item<double>();
      apart = way - step;
      squares += step * step;
    }
    cheapest = std::min(cheapest, std::sqrt(squares));
  }
  EXPECT_GE(cheapest, both.sensitivity());
  EXPECT_LE(cheapest, 1.01 * both.sensitivity());
}

TEST(TwoDescents, SensitivityFallsWithStepsAndGrowsWithShifts) {
  const auto of = [](double shift, std::int64_t more, double diameter) {
    return TwoDescents{0.95, diameter, {{50, shift}, {more, 0}}}.sensitivity();
  };
  EXPECT_LT(of(0.1, 20, 1e9), of(0.1, 10, 1e9));
  EXPECT_LT(of(0.1, 10, 1e9), of(0.2, 10, 1e9));
  // A small ball bounds it, whatever was before.
  EXPECT_LT(of(100, 10, 1), of(100, 10, 1e9));
  EXPECT_EQ(of(100, 10, 1), of(200, 10, 1));
  EXPECT_EQ((TwoDescents{0.9, 1e9, {{50, 0}, {3, 0}}}.sensitivity()), 0);
}

// Shifts that grow are bounded by the largest behind them: z could fall below 0 otherwise.
TEST(TwoDescents, APhaseCountsWithTheLargestShiftBehindIt) {
  const TwoDescents growing{.contraction = 0.9, .phases = {{5, 0.1}, {5, 0.3}, {5, 0}}};
  const TwoDescents level{.contraction = 0.9, .phases = {{10, 0.3}, {5, 0}}};
  EXPECT_LE(growing.sensitivity(), level.sensitivity());
  double mean = 0, variance = 0;
  for (const double shift : shifts_of(growing)) {
    mean = 0.9 * mean + shift;
    variance = 0.81 * variance + 1;
  }
  EXPECT_GE(growing.sensitivity(), mean / std::sqrt(variance));
}

TEST(TwoDescents, RefusesWhatMakesNoSense) {
  using ::testing::HasSubstr;
  const TwoDescents backwards{.contraction = 0.9, .phases = {{5, -0.1}}};
  EXPECT_ERROR(ErrorKind::kUsage, backwards.distance(), HasSubstr("0 or more"));
  const TwoDescents expanding{.contraction = 1.1, .phases = {{5, 0.1}}};
  EXPECT_ERROR(ErrorKind::kUsage, expanding.sensitivity(), HasSubstr("expand"));
}

}  // namespace
}  // namespace oubli
