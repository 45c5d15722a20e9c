#include "core/evaluate/statistics/intervals.h"

#include <gtest/gtest.h>

#include <boost/math/distributions/binomial.hpp>
#include <cmath>

#include "core/base/error.h"
#include "tests/support/golden_statistics.h"

namespace oubli {
namespace {

TEST(ClopperPearson, AgreesWithSciPy) {
  for (const auto& row : golden_statistics("proportions")) {
    const double level = row.at("level");
    expect_close(clopper_pearson_upper(row.at("k"), row.at("n"), (1 - level) / 2),
                 row.at("exact").at(1));
  }
}

TEST(ClopperPearson, IsOneWhereEverythingSucceeds) {
  EXPECT_EQ(clopper_pearson_upper(10, 10, 0.05), 1);
}

// Summed over all outcomes rather than drawn, so without noise.
TEST(ClopperPearson, IsBelowTheTruthAsRarelyAsItSays) {
  for (const std::size_t n : {20, 100}) {
    for (int i = 1; i < 200; ++i) {
      const double p = i / 200.0;
      double below = 0;
      for (std::size_t k = 0; k <= n; ++k) {
        const boost::math::binomial outcomes(static_cast<double>(n), p);
        if (clopper_pearson_upper(k, n, 0.05) < p) {
          below += boost::math::pdf(outcomes, static_cast<double>(k));
        }
      }
      EXPECT_LE(below, 0.05) << n << " " << p;
    }
  }
}

TEST(ClopperPearson, RefusesImpossibleCounts) {
  EXPECT_THROW(clopper_pearson_upper(0, 0, 0.05), Error);
  EXPECT_THROW(clopper_pearson_upper(3, 2, 0.05), Error);
  EXPECT_THROW(clopper_pearson_upper(1, 2, 0), Error);
  EXPECT_THROW(clopper_pearson_upper(1, 2, std::nan("")), Error);
}

}  // namespace
}  // namespace oubli
