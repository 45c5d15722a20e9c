#include "core/evaluate/statistics/estimate.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/base/random.h"

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

TEST(Statistics, AucCountsPairsAndHalvesTies) {
  Generator generator(0);
  const Tensor a = generator.integers(0, 8, {40}).to(at::kDouble);
  const Tensor b = generator.integers(0, 8, {60}).to(at::kDouble);
  double wins = 0;
  for (int i = 0; i < 40; ++i) {
    for (int j = 0; j < 60; ++j) {
      const double x = a[i].item<double>(), y = b[j].item<double>();
      wins += x > y ? 1 : x == y ? 0.5 : 0;
    }
  }
  EXPECT_NEAR(auc(a, b), wins / 2400, 1e-14);
  EXPECT_NEAR(auc(a, b) + auc(b, a), 1, 1e-14);
  EXPECT_THROW(auc(a, at::empty({0})), Error);
}

}  // namespace
}  // namespace oubli
