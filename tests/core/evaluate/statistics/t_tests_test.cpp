#include "core/evaluate/statistics/t_tests.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/base/error.h"
#include "tests/support/golden_statistics.h"

namespace oubli {
namespace {

using Values = std::vector<double>;

TEST(TTests, AgreeWithSciPy) {
  for (const auto& row : golden_statistics("t_tests")) {
    const Values a = row.at("a"), b = row.at("b");
    const TTest welch = welch_t_test(a, b);
    expect_close(welch.t, row.at("t"));
    expect_close(welch.df, row.at("df"));
    expect_close(welch.p, row.at("p"));
    expect_close(welch.interval(0.95).lower, row.at("interval").at(0));
    expect_close(welch.interval(0.95).upper, row.at("interval").at(1));
    if (!row.contains("paired")) continue;
    const TTest paired = paired_t_test(a, b);
    expect_close(paired.t, row.at("paired").at("t"));
    expect_close(paired.p, row.at("paired").at("p"));
  }
}

TEST(TTests, WithoutScatterTheAnswerIsCertain) {
  const TTest same = welch_t_test(Values{0.1, 0.1, 0.1}, Values{0.1, 0.1});
  EXPECT_EQ(same.p, 1);
  EXPECT_EQ(same.t, 0);
  const TTest apart = welch_t_test(Values{0.1, 0.1}, Values{0.2, 0.2});
  EXPECT_EQ(apart.p, 0);
  EXPECT_EQ(apart.t, -INFINITY);
  EXPECT_EQ(apart.interval(0.95).lower, apart.difference);
  EXPECT_EQ(paired_t_test({1, 2}, {1, 2}).p, 1);
  EXPECT_EQ(paired_t_test({2, 3}, {1, 2}).p, 0);
}

TEST(TTests, TinyVariancesDoNotUnderflow) {
  const TTest test = welch_t_test(Values{0, 1e-100}, Values{0, 1e-100, 2e-100});
  EXPECT_TRUE(std::isfinite(test.df));
  EXPECT_GE(test.df, 1);
  EXPECT_LE(test.df, 3);
}

TEST(TTests, RefuseTooLittle) {
  EXPECT_THROW(welch_t_test(Values{1}, Values{1, 2}), Error);
  EXPECT_THROW(paired_t_test({1, 2}, {1}), Error);
  EXPECT_THROW(paired_t_test({1}, {1}), Error);
  EXPECT_THROW(welch_t_test(Values{1, 2}, Values{1, 3}).interval(1), Error);
}

// 20,000 repetitions leave a standard error of 0.15 %.
TEST(TTests, PairedIntervalCoversAsStated) {
  std::mt19937_64 engine(1);
  std::normal_distribution<double> normal;
  for (const std::size_t n : {3, 5, 10, 20}) {
    constexpr int kRepetitions = 20000;
    int covered = 0;
    const Values zeros(n, 0.0);
    for (int r = 0; r < kRepetitions; ++r) {
      Values values(n);
      for (double& value : values) value = normal(engine);
      if (paired_t_test(values, zeros).p >= 0.05) ++covered;
    }
    EXPECT_NEAR(covered / double{kRepetitions}, 0.95, 0.01) << n;
  }
}

}  // namespace
}  // namespace oubli
