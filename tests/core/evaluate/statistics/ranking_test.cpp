#include "core/evaluate/statistics/ranking.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "tests/support/golden_statistics.h"

namespace oubli {
namespace {

using Table = std::vector<std::vector<double>>;
using Cliques = std::vector<std::vector<std::size_t>>;

TEST(Ranking, AgreesWithSciPy) {
  for (const auto& row : golden_statistics("ranking")) {
    const Ranking ranking = rank_methods(row.at("values").get<Table>());
    for (std::size_t j = 0; j < ranking.average_ranks.size(); ++j) {
      expect_close(ranking.average_ranks[j], row.at("ranks").at(j));
    }
    expect_close(ranking.chi2, row.at("chi2"));
    expect_close(ranking.chi2_p, row.at("chi2_p"));
    expect_close(ranking.f, row.at("f"));
    expect_close(ranking.f_p, row.at("f_p"));
  }
}

TEST(Ranking, NemenyiQuantilesAgreeWithSciPyAndWithDemsarsTable) {
  for (const auto& row : golden_statistics("nemenyi")) {
    expect_close(nemenyi_quantile(row.at("k"), row.at("alpha")), row.at("q"));
  }
  const std::vector<double> table{1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164};
  for (std::size_t i = 0; i < table.size(); ++i) {
    EXPECT_NEAR(nemenyi_quantile(i + 2), table[i], 1e-3);
  }
}

TEST(Ranking, CliquesAreTheMaximalGroupsWithinTheCriticalDifference) {
  // Method 2 always first; 0 and 3 trade places; 1 always last.
  Table table;
  for (int block = 0; block < 40; ++block) {
    table.push_back({block % 2 ? 2.0 : 3.0, 9.0, 1.0, block % 2 ? 3.0 : 2.0});
  }
  const Ranking ranking = rank_methods(table);
  EXPECT_EQ(ranking.average_ranks, (std::vector<double>{2.5, 4, 1, 2.5}));
  EXPECT_EQ(ranking.cliques, (Cliques{{0, 3}}));
  EXPECT_NEAR(ranking.critical_difference, 2.569 * std::sqrt(4 * 5 / 240.0), 1e-3);

  const Ranking few = rank_methods({table[0], table[1]});
  EXPECT_EQ(few.cliques, (Cliques{{2, 0, 3, 1}}));
}

TEST(Ranking, HighestBestReversesTheRanks) {
  const Table table{{1, 2, 3}, {1, 3, 2}, {1, 2, 3}};
  const Ranking low = rank_methods(table), high = rank_methods(table, RankOrder::kHighest);
  for (std::size_t j = 0; j < 3; ++j) {
    EXPECT_DOUBLE_EQ(low.average_ranks[j] + high.average_ranks[j], 4);
  }
  EXPECT_DOUBLE_EQ(low.chi2, high.chi2);
}

TEST(Ranking, EntireAgreementAndEntireTies) {
  const Ranking agreed = rank_methods({{1, 2, 3}, {1, 2, 3}, {1, 2, 3}});
  EXPECT_TRUE(std::isinf(agreed.f));
  EXPECT_EQ(agreed.f_p, 0);
  EXPECT_DOUBLE_EQ(agreed.chi2, 6);
  const Ranking tied = rank_methods({{5, 5, 5}, {2, 2, 2}});
  EXPECT_EQ(tied.chi2, 0);
  EXPECT_EQ(tied.f_p, 1);
  EXPECT_EQ(tied.cliques, (Cliques{{0, 1, 2}}));
}

TEST(Ranking, RefusesTooLittleOrRagged) {
  EXPECT_THROW(rank_methods({}), Error);
  EXPECT_THROW(rank_methods({{1, 2}}), Error);
  EXPECT_THROW(rank_methods({{1}, {2}}), Error);
  EXPECT_THROW(rank_methods({{1, 2}, {1, 2, 3}}), Error);
  EXPECT_THROW(rank_methods({{1, std::nan("")}, {1, 2}}), Error);
  EXPECT_THROW(nemenyi_quantile(1), Error);
  EXPECT_THROW(nemenyi_quantile(3, 0), Error);
}

}  // namespace
}  // namespace oubli
