#include "core/evaluate/statistics/kolmogorov_smirnov.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "tests/support/golden_statistics.h"

namespace oubli {
namespace {

using Values = std::vector<double>;

TEST(KolmogorovSmirnov, AgreesWithSciPy) {
  for (const auto& row : golden_statistics("kolmogorov_smirnov")) {
    const KolmogorovSmirnovTest test = kolmogorov_smirnov(row.at("a").get<Values>(), row.at("b"));
    expect_close(test.statistic, row.at("statistic"));
    EXPECT_EQ(test.exact, row.at("exact").get<bool>());
    expect_close(test.p, row.at("p"));
  }
}

TEST(KolmogorovSmirnov, SeparateListsHaveTheSmallestPossibleP) {
  const KolmogorovSmirnovTest test = kolmogorov_smirnov({1, 2, 3}, {4, 5, 6});
  EXPECT_EQ(test.statistic, 1);
  EXPECT_DOUBLE_EQ(test.p, 2.0 / 20);  // two of the (6 choose 3) orders
}

TEST(KolmogorovSmirnov, EqualListsAreNoEvidence) {
  EXPECT_EQ(kolmogorov_smirnov({1, 2, 2}, {1, 2, 2}).statistic, 0);
  EXPECT_EQ(kolmogorov_smirnov({1, 2, 2}, {1, 2, 2}).p, 1);
}

TEST(KolmogorovSmirnov, RefusesEmptyAndNonFinite) {
  EXPECT_THROW(kolmogorov_smirnov({}, {1}), Error);
  EXPECT_THROW(kolmogorov_smirnov({1}, {}), Error);
  EXPECT_THROW(kolmogorov_smirnov({1}, {std::nan("")}), Error);
}

}  // namespace
}  // namespace oubli
