#include "core/evaluate/statistics/epsilon.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/base/error.h"
#include "tests/support/golden_statistics.h"

namespace oubli {
namespace {

TEST(Epsilon, AgreesWithSciPy) {
  for (const auto& row : golden_statistics("epsilon")) {
    const auto& n = row.at("counts");
    const AttackCounts counts{n.at(0), n.at(1), n.at(2), n.at(3)};
    EpsilonOptions options;
    options.delta = row.at("delta");
    expect_close(epsilon_lower_bound(counts, options).epsilon, row.at("epsilon"));
  }
}

TEST(Epsilon, APerfectAttackOnAThousandModelsShowsFivePointSix) {
  EpsilonOptions options;
  options.delta = 0;
  EXPECT_NEAR(epsilon_lower_bound({0, 1000, 0, 1000}, options).epsilon, 5.6, 0.01);
}

TEST(Epsilon, AGuessShowsNothing) { EXPECT_EQ(epsilon_lower_bound({50, 100, 50, 100}).epsilon, 0); }

TEST(Epsilon, MoreAttacksTriedShowLess) {
  EpsilonOptions many;
  many.attacks_tried = 100;
  EXPECT_LT(epsilon_lower_bound({1, 100, 20, 100}, many).epsilon,
            epsilon_lower_bound({1, 100, 20, 100}).epsilon);
}

// Randomised response tells the truth with odds exp(epsilon) and so meets its epsilon exactly.
TEST(Epsilon, RarelyExceedsTheTruth) {
  constexpr int kRepetitions = 2000;
  std::mt19937_64 engine(11);
  EpsilonOptions options;
  options.delta = 0;
  for (const double epsilon : {0.5, 2.0}) {
    std::binomial_distribution<std::size_t> errors(200, 1 / (1 + std::exp(epsilon)));
    int above = 0;
    for (int r = 0; r < kRepetitions; ++r) {
      const std::size_t false_positives = errors(engine), false_negatives = errors(engine);
      const AttackCounts counts{false_positives, 200, false_negatives, 200};
      if (epsilon_lower_bound(counts, options).epsilon > epsilon) ++above;
    }
    EXPECT_LE(above, 0.05 * kRepetitions);
  }
}

TEST(Epsilon, Refuses) {
  EXPECT_THROW(epsilon_lower_bound({0, 0, 0, 5}), Error);
  EXPECT_THROW(epsilon_lower_bound({6, 5, 0, 5}), Error);
  EpsilonOptions options;
  options.delta = 1;
  EXPECT_THROW(epsilon_lower_bound({0, 5, 0, 5}, options), Error);
  options.delta = 0;
  options.attacks_tried = 0;
  EXPECT_THROW(epsilon_lower_bound({0, 5, 0, 5}, options), Error);
}

}  // namespace
}  // namespace oubli
