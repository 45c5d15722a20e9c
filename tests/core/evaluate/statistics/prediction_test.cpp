#include "core/evaluate/statistics/prediction.h"

#include <gtest/gtest.h>

#include "core/base/random.h"
#include "tests/support/expect_error.h"

namespace oubli {
namespace {

// By hand: mean 2, sd 1, t_{0.975, 2} = 4.302653.
TEST(Prediction, IsStudentsIntervalOfOneMore) {
  const Place place = place_among(6, {1, 2, 3});
  EXPECT_EQ(place.difference, 4);
  EXPECT_NEAR(place.interval.upper, 2 + 4.30265273 * std::sqrt(4.0 / 3), 1e-7);
  EXPECT_NEAR(place.interval.lower, 2 - 4.30265273 * std::sqrt(4.0 / 3), 1e-7);
  EXPECT_GT(place.p, 0.05);
  EXPECT_LT(place_among(8, {1, 2, 3}).p, 0.05);
}

TEST(Prediction, CoversAtItsLevel) {
  Generator generator(1);
  int outside = 0;
  for (int i = 0; i < 4000; ++i) {
    const Tensor drawn = generator.normal({9}, at::kDouble);
    const auto* y = drawn.const_data_ptr<double>();
    outside += place_among(y[8], {y, y + 8}, 0.9).p < 0.1;
  }
  EXPECT_NEAR(outside / 4000.0, 0.1, 0.015);
}

TEST(Prediction, DifferencesBelowTheResolutionAreNone) {
  EXPECT_EQ(place_among(1.01, {1, 1, 1}, 0.95, 0.02).p, 1);
  EXPECT_EQ(place_among(1.03, {1, 1, 1}, 0.95, 0.02).p, 0);
  EXPECT_EQ(place_among(1, {1, 1, 1}).p, 1);
}

TEST(Prediction, NeedsTwoOthers) {
  testing::error_message(ErrorKind::kUsage, [] { place_among(1, {1}); });
}

}  // namespace
}  // namespace oubli
