#include "core/evaluate/statistics/wilcoxon.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "tests/support/golden_statistics.h"

namespace oubli {
namespace {

using Values = std::vector<double>;

TEST(Wilcoxon, AgreesWithSciPy) {
  for (const auto& row : golden_statistics("wilcoxon")) {
    const WilcoxonTest test = wilcoxon_signed_rank(row.at("a").get<Values>(), row.at("b"));
    EXPECT_EQ(test.exact, row.at("exact").get<bool>());
    EXPECT_EQ(test.n, row.at("n").get<std::size_t>());
    EXPECT_EQ(std::min(test.w_plus, test.w_minus), row.at("w").get<double>());
    expect_close(test.p, row.at("p"));
  }
}

TEST(Wilcoxon, FivePairsCannotBeSignificant) {
  const Values zeros(5, 0.0);
  const WilcoxonTest test = wilcoxon_signed_rank({1, 2, 3, 4, 5}, zeros);
  EXPECT_EQ(test.p, 0.0625);
  EXPECT_EQ(test.smallest_p, 0.0625);
}

TEST(Wilcoxon, NothingToCompareIsNoEvidence) {
  EXPECT_EQ(wilcoxon_signed_rank({}, {}).p, 1);
  EXPECT_EQ(wilcoxon_signed_rank({1, 2}, {1, 2}).p, 1);
  EXPECT_EQ(wilcoxon_signed_rank({1, 2}, {1, 2}).n, 0u);
}

TEST(Wilcoxon, RefusesUnpairedOrNonFinite) {
  EXPECT_THROW(wilcoxon_signed_rank({1}, {}), Error);
  EXPECT_THROW(wilcoxon_signed_rank({std::nan("")}, {0}), Error);
}

}  // namespace
}  // namespace oubli
