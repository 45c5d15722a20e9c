#include "core/evaluate/statistics/variance.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/base/error.h"
#include "tests/support/golden_statistics.h"

namespace oubli {
namespace {

using Table = std::vector<std::vector<double>>;

TEST(Variance, AgreesWithSciPy) {
  for (const auto& row : golden_statistics("variance")) {
    const VarianceSplit split = split_variance(row.at("values").get<Table>());
    expect_close(split.mean, row.at("mean"));
    expect_close(*split.unlearning_variance, row.at("within"));
    expect_close(*split.training_variance, row.at("training"));
    expect_close(split.interval->lower, row.at("interval").at(0));
    expect_close(split.interval->upper, row.at("interval").at(1));
  }
}

TEST(Variance, WhatSeedsCannotTellIsAbsent) {
  const VarianceSplit one_training = split_variance({{1, 2, 3}});
  EXPECT_FALSE(one_training.interval);
  EXPECT_FALSE(one_training.training_variance);
  EXPECT_DOUBLE_EQ(*one_training.unlearning_variance, 1);
  const VarianceSplit one_each = split_variance({{1}, {2}, {3}});
  EXPECT_TRUE(one_each.interval);
  EXPECT_FALSE(one_each.training_variance);
  EXPECT_FALSE(one_each.unlearning_variance);
  const VarianceSplit single = split_variance({{4}});
  EXPECT_EQ(single.mean, 4);
  EXPECT_FALSE(single.interval);
}

TEST(Variance, OneSourceAloneIsGivenItsWhole) {
  const VarianceSplit training = split_variance({{1, 1}, {3, 3}});
  EXPECT_DOUBLE_EQ(*training.training_variance, 2);
  EXPECT_DOUBLE_EQ(*training.unlearning_variance, 0);
  const VarianceSplit unlearning = split_variance({{1, 3}, {1, 3}});
  EXPECT_DOUBLE_EQ(*unlearning.training_variance, 0);
  EXPECT_DOUBLE_EQ(*unlearning.unlearning_variance, 2);
}

TEST(Variance, RefusesEmptySeeds) {
  EXPECT_THROW(split_variance({}), Error);
  EXPECT_THROW(split_variance({{1}, {}}), Error);
  EXPECT_THROW(split_variance({{1, std::nan("")}}), Error);
}

TEST(Variance, ComponentsAreUnbiasedAndTheIntervalCovers) {
  std::mt19937_64 engine(3);
  std::normal_distribution<double> normal;
  constexpr int kRepetitions = 20000;
  for (const bool ragged : {false, true}) {
    double training = 0, unlearning = 0;
    int covered = 0;
    for (int r = 0; r < kRepetitions; ++r) {
      Table table(6);
      for (std::size_t i = 0; i < table.size(); ++i) {
        const double effect = 2 * normal(engine);
        table[i].resize(ragged ? 1 + i % 3 : 3);
        for (double& value : table[i]) value = effect + normal(engine);
      }
      const VarianceSplit split = split_variance(table);
      training += *split.training_variance / kRepetitions;
      unlearning += *split.unlearning_variance / kRepetitions;
      if (split.interval->lower <= 0 && 0 <= split.interval->upper) ++covered;
    }
    EXPECT_NEAR(training, 4, 0.1);
    EXPECT_NEAR(unlearning, 1, 0.03);
    EXPECT_NEAR(covered / double{kRepetitions}, 0.95, 0.01);
  }
}

}  // namespace
}  // namespace oubli
