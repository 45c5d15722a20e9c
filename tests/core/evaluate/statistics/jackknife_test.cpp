#include "core/evaluate/statistics/jackknife.h"

#include <gtest/gtest.h>

#include <cmath>

namespace oubli {
namespace {

TEST(Jackknife, OfAMeanIsStudentsInterval) {
  const std::vector<double> values = {1.0, 2.5, 0.5, 4.0, 3.0};
  double sum = 0;
  for (const double value : values) sum += value;
  std::vector<double> left_out;
  left_out.reserve(values.size());
  for (const double value : values) left_out.push_back((sum - value) / 4);
  const Estimate own = jackknife(sum / 5, left_out), student = estimate_mean(values);
  EXPECT_EQ(own.mean, student.mean);
  EXPECT_EQ(own.n, 5u);
  EXPECT_NEAR(own.half_width.value(), student.half_width.value(), 1e-14);
}

TEST(Jackknife, HasNoIntervalWithoutTwoFiniteValues) {
  EXPECT_FALSE(jackknife(1, {}).half_width.has_value());
  EXPECT_FALSE(jackknife(1, {2}).half_width.has_value());
  EXPECT_FALSE(jackknife(1, {2, std::nan("")}).half_width.has_value());
  EXPECT_FALSE(jackknife(std::nan(""), {2, 3}).half_width.has_value());
}

}  // namespace
}  // namespace oubli
