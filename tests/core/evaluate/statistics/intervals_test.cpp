#include "core/evaluate/statistics/intervals.h"

#include <gtest/gtest.h>

#include <boost/math/distributions/binomial.hpp>
#include <cmath>

#include "core/base/error.h"
#include "tests/support/golden_statistics.h"

namespace oubli {
namespace {

TEST(Intervals, AgreeWithSciPy) {
  for (const auto& row : golden_statistics("proportions")) {
    const std::size_t k = row.at("k"), n = row.at("n");
    const Interval wilson = wilson_interval(k, n, row.at("level"));
    // SciPy's ends at k = 0 and k = n are off from 0 and 1 by rounding.
    EXPECT_NEAR(wilson.lower, row.at("wilson").at(0), 1e-12);
    EXPECT_NEAR(wilson.upper, row.at("wilson").at(1), 1e-12);
    const Interval exact = clopper_pearson_interval(k, n, row.at("level"));
    expect_close(exact.lower, row.at("exact").at(0));
    expect_close(exact.upper, row.at("exact").at(1));
  }
}

TEST(Intervals, EndsAreExactWhereNothingOrEverythingSucceeds) {
  EXPECT_EQ(wilson_interval(0, 10).lower, 0);
  EXPECT_EQ(wilson_interval(10, 10).upper, 1);
  EXPECT_EQ(clopper_pearson_interval(0, 10).lower, 0);
  EXPECT_EQ(clopper_pearson_interval(10, 10).upper, 1);
}

// Summed over all outcomes rather than drawn, so without noise.
TEST(Intervals, Coverage) {
  for (const std::size_t n : {20, 100}) {
    double wilson_sum = 0, least_exact = 1;
    int count = 0;
    for (double p = 0.005; p < 1; p += 0.005, ++count) {
      double wilson = 0, exact = 0;
      for (std::size_t k = 0; k <= n; ++k) {
        const double weight = boost::math::pdf(boost::math::binomial(static_cast<double>(n), p),
                                               static_cast<double>(k));
        const Interval w = wilson_interval(k, n), e = clopper_pearson_interval(k, n);
        if (w.lower <= p && p <= w.upper) wilson += weight;
        if (e.lower <= p && p <= e.upper) exact += weight;
      }
      wilson_sum += wilson;
      least_exact = std::min(least_exact, exact);
    }
    EXPECT_NEAR(wilson_sum / count, 0.95, 0.01) << n;
    EXPECT_GE(least_exact, 0.95) << n;
  }
}

TEST(Intervals, RefuseImpossibleCounts) {
  EXPECT_THROW(wilson_interval(0, 0), Error);
  EXPECT_THROW(clopper_pearson_interval(0, 0), Error);
  EXPECT_THROW(clopper_pearson_interval(3, 2), Error);
  EXPECT_THROW(wilson_interval(1, 2, 1), Error);
  EXPECT_THROW(clopper_pearson_interval(1, 2, 0), Error);
  EXPECT_THROW(clopper_pearson_upper(1, 2, std::nan("")), Error);
}

}  // namespace
}  // namespace oubli
