#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "datasets/source.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

Dataset regression(const Json& settings) {
  return builtin_datasets()
      .find("linear_regression")
      .configure(testing::settings_from(settings))({})
      .dataset;
}

TEST(LinearRegression, HasInputsOfTheVariancesAskedFor) {
  const Dataset dataset =
      regression({{"features", 40}, {"examples", 20000}, {"variances", {1, 2}}});
  const Tensor variances = dataset.inputs.square().mean(0);
  const double error = 6 * 2 * std::sqrt(2.0 / 20000);
  EXPECT_GT(variances.min().item<double>(), 1 - error);
  EXPECT_LT(variances.max().item<double>(), 2 + error);
  EXPECT_GT(variances.std().item<double>(), 0.15);
}

TEST(LinearRegression, HasASpikeWhereOneIsAskedFor) {
  const Dataset dataset =
      regression({{"features", 5}, {"examples", 20000}, {"variances", {0, 1}}, {"spike", 50}});
  const Tensor variances = dataset.inputs.square().mean(0);
  EXPECT_NEAR(variances[0].item<double>(), 50, 50 * 6 * std::sqrt(2.0 / 20000));
  EXPECT_LT(variances.narrow(0, 1, 4).max().item<double>(), 1.1);
}

TEST(LinearRegression, OutliersAreTheFirstRowsTimesTheScale) {
  const Dataset plain = regression({{"examples", 50}});
  const Dataset scaled = regression({{"examples", 50}, {"outliers", {{"rows", 3}, {"scale", 10}}}});
  const Tensor factor = at::ones({plain.inputs.size(0), 1}, at::kDouble);
  factor.narrow(0, 0, 3).fill_(10);
  EXPECT_TRUE(scaled.inputs.equal(plain.inputs * factor));
  EXPECT_TRUE(scaled.targets.equal(plain.targets * factor));
  EXPECT_EQ(plain.columns.at("row").numbers[7], 7);
}

TEST(LinearRegression, RefusesVariancesThatAreNone) {
  testing::error_of(ErrorKind::kSettings, [] { regression({{"variances", {2, 1}}}); });
  testing::error_of(ErrorKind::kSettings, [] { regression({{"variances", {1}}}); });
}

}  // namespace
}  // namespace oubli
