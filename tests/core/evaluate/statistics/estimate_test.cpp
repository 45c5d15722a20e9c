#include "core/evaluate/statistics/estimate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"

namespace oubli {
namespace {

TEST(Statistics, StudentIntervalOfThreeValues) {
  const Estimate e = estimate_mean({1, 2, 3});
  EXPECT_DOUBLE_EQ(e.mean, 2);
  EXPECT_NEAR(*e.half_width, 4.302653 / std::sqrt(3.0), 1e-5);  // t_{0.975, 2}, s = 1
}

TEST(Statistics, OneValueHasNoInterval) {
  EXPECT_FALSE(estimate_mean({5}).half_width.has_value());
  EXPECT_THROW(estimate_mean({}), Error);
}

}  // namespace
}  // namespace oubli
