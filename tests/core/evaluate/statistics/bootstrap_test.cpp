#include "core/evaluate/statistics/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "core/base/error.h"
#include "tests/support/golden_statistics.h"

namespace oubli {
namespace {

using Values = std::vector<double>;

double mean(const Values& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST(Bootstrap, IntervalsOfGivenReplicatesAgreeWithSciPy) {
  for (const auto& row : golden_statistics("bootstrap")) {
    const Values replicates = row.at("replicates");
    const Interval percentile = percentile_interval(replicates, 0.95);
    expect_close(percentile.lower, row.at("percentile").at(0));
    expect_close(percentile.upper, row.at("percentile").at(1));
    const Interval bca =
        bca_interval(replicates, row.at("estimate"), row.at("leave_one_out"), 0.95);
    expect_close(bca.lower, row.at("BCa").at(0));
    expect_close(bca.upper, row.at("BCa").at(1));
  }
}

TEST(Bootstrap, TheSeedDecidesEveryBit) {
  const Values values{3.14, 1.59, 2.65, 3.58, 9.79, 3.23, 8.46, 2.64};
  BootstrapOptions options;
  options.resamples = 500;
  const BootstrapResult a = bootstrap(values, mean, options), b = bootstrap(values, mean, options);
  EXPECT_EQ(a.interval.lower, b.interval.lower);
  EXPECT_EQ(a.interval.upper, b.interval.upper);
  options.seed = 1;
  EXPECT_NE(a.interval.lower, bootstrap(values, mean, options).interval.lower);
}

TEST(Bootstrap, EqualValuesGiveOnePoint) {
  for (const BootstrapMethod method : {BootstrapMethod::kPercentile, BootstrapMethod::kBca}) {
    BootstrapOptions options;
    options.method = method;
    const BootstrapResult result = bootstrap({0.5, 0.5, 0.5}, mean, options);
    EXPECT_EQ(result.interval.lower, 0.5);
    EXPECT_EQ(result.interval.upper, 0.5);
    EXPECT_EQ(bootstrap({0, 0, 0}, mean, options).p, 1);
  }
}

TEST(Bootstrap, AnEstimateOutsideAllReplicatesStaysFinite) {
  const Interval interval = bca_interval({1, 2, 3}, 10, {1, 2, 3}, 0.95);
  EXPECT_TRUE(std::isfinite(interval.lower));
  EXPECT_LE(interval.lower, interval.upper);
}

TEST(Bootstrap, Refuses) {
  EXPECT_THROW(bootstrap({}, mean), Error);
  EXPECT_THROW(bootstrap({1}, mean), Error);
  EXPECT_THROW(bootstrap({1, 2}, [](const Values&) { return std::nan(""); }), Error);
  BootstrapOptions none;
  none.resamples = 0;
  EXPECT_THROW(bootstrap({1, 2}, mean, none), Error);
  EXPECT_THROW(percentile_interval({1, 2}, 1.0), Error);
  EXPECT_THROW(percentile_interval({}, 0.5), Error);
}

// The header's table at 20 values, 92 %; 2,000 repetitions leave a standard error of 0.6 %.
TEST(Bootstrap, CoverageAtTwentyValuesIsWhatTheHeaderSays) {
  std::mt19937_64 engine(5);
  std::normal_distribution<double> normal;
  constexpr int kRepetitions = 2000;
  for (const BootstrapMethod method : {BootstrapMethod::kPercentile, BootstrapMethod::kBca}) {
    int covered = 0;
    for (int r = 0; r < kRepetitions; ++r) {
      Values values(20);
      for (double& value : values) value = normal(engine);
      BootstrapOptions options;
      options.method = method;
      options.resamples = 400;
      options.seed = engine();
      const Interval interval = bootstrap(values, mean, options).interval;
      if (interval.lower <= 0 && 0 <= interval.upper) ++covered;
    }
    EXPECT_NEAR(covered / double{kRepetitions}, 0.92, 0.02);
  }
}

}  // namespace
}  // namespace oubli
