#include "core/evaluate/statistics/crossed_jackknife.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/random.h"
#include "core/evaluate/statistics/jackknife.h"

namespace oubli {
namespace {

const std::vector<double> kSide = {1.0, 2.0, 4.0, 4.5};

TEST(CrossedJackknife, OfOneSideIsTheJackknife) {
  const Estimate expected = jackknife(3, kSide);
  const Estimate found = crossed_jackknife(3, {kSide});
  EXPECT_DOUBLE_EQ(*found.half_width, *expected.half_width);
  EXPECT_EQ(found.n, 4);
}

TEST(CrossedJackknife, AddsSidesAndLeavesOutThoseOfOneUnit) {
  const Estimate one = crossed_jackknife(3, {kSide, {7.0}});
  EXPECT_DOUBLE_EQ(*one.half_width, *jackknife(3, kSide).half_width);
  // Twice the variance with twice the degrees of freedom.
  const Estimate two = crossed_jackknife(3, {kSide, kSide});
  EXPECT_LT(*two.half_width, std::sqrt(2.0) * *one.half_width);
  EXPECT_GT(*two.half_width, *one.half_width);
}

TEST(CrossedJackknife, HasNoIntervalWithoutUnitsOrNumbers) {
  EXPECT_FALSE(crossed_jackknife(3, {{1.0}, {}}).half_width);
  EXPECT_FALSE(
      crossed_jackknife(3, {kSide, {1.0, std::numeric_limits<double>::quiet_NaN()}}).half_width);
  EXPECT_FALSE(crossed_jackknife(3, {{3.0, 3.0}}).half_width) << "it depends on none of them";
}

// A mean over a table with an effect of each row, of each column and of each cell.
TEST(CrossedJackknife, CoversTheMeanOfACrossedTable) {
  constexpr int kRepeats = 1000, kRows = 8, kColumns = 12;
  Generator draws(5);
  int covered = 0;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    const Tensor table = draws.normal({kRows, 1}, at::kDouble) +
                         0.7 * draws.normal({1, kColumns}, at::kDouble) +
                         draws.normal({kRows, kColumns}, at::kDouble);
    const double mean = table.mean().item<double>();
    const auto without = [&](std::int64_t dimension) {
      std::vector<double> values;
      const std::int64_t n = table.size(dimension);
      for (std::int64_t i = 0; i < n; ++i) {
        const double own = table.select(dimension, i).mean().item<double>();
        values.push_back((static_cast<double>(n) * mean - own) / static_cast<double>(n - 1));
      }
      return values;
    };
    covered += std::abs(mean) <= *crossed_jackknife(mean, {without(0), without(1)}).half_width;
  }
  EXPECT_GE(covered, 940);
  EXPECT_LE(covered, 985);
}

}  // namespace
}  // namespace oubli
