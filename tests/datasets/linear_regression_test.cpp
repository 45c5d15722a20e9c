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

TEST(LinearRegression, TurnsItsAxesAndKeepsItsSpectrum) {
  const Json shape = {{"features", 6}, {"examples", 40}, {"variances", {0, 1}}, {"spike", 50}};
  Json turned = shape;
  turned["rotated"] = true;
  const Tensor plain = regression(shape).inputs, inputs = regression(turned).inputs;
  const auto spectrum = [](const Tensor& x) { return at::linalg_svdvals(x); };
  EXPECT_LT((spectrum(inputs) - spectrum(plain)).abs().max().item<double>(), 1e-10);
  // The spike is the same in all features, up to a sign.
  const Tensor first = plain.select(1, 0).abs(), along = inputs.sum(1).abs() / std::sqrt(6.0);
  EXPECT_LT((first - along).abs().max().item<double>(), 1e-10);
}

TEST(LinearRegression, HasASpecialFeatureOfTheFirstRowsAlone) {
  const Dataset data = regression({{"features", 6},
                                   {"examples", 5000},
                                   {"test_examples", 3},
                                   {"special", {{"rows", 7}, {"weight", 4}, {"keep", 0.25}}}});
  const Tensor feature = data.inputs.select(1, 5);
  EXPECT_TRUE((4 * feature.narrow(0, 0, 7)).equal(data.targets.narrow(0, 0, 7).squeeze(1)));
  EXPECT_EQ(feature.narrow(0, 7, 4993).abs().max().item<double>(), 0);
  const Tensor others = data.inputs.narrow(0, 0, 5000).narrow(1, 0, 5);
  EXPECT_NEAR(others.ne(0).to(at::kDouble).mean().item<double>(), 0.25, 0.02);
  // The special rows have the same features.
  const Tensor kept = others.narrow(0, 0, 7).ne(0);
  EXPECT_TRUE(kept.equal(kept.narrow(0, 0, 1).expand_as(kept)));
  EXPECT_FALSE(others[7].ne(0).equal(others[8].ne(0)) && others[8].ne(0).equal(others[9].ne(0)));
  const Tensor tests = data.inputs.narrow(0, 5000, 3);
  EXPECT_EQ(tests.sum().item<double>(), 3);
  EXPECT_TRUE(tests.select(1, 5).eq(1).all().item<bool>());
  EXPECT_TRUE(data.targets.narrow(0, 5000, 3).eq(40).all().item<bool>());
}

TEST(LinearRegression, RefusesVariancesThatAreNone) {
  testing::error_of(ErrorKind::kSettings, [] { regression({{"variances", {2, 1}}}); });
  testing::error_of(ErrorKind::kSettings, [] { regression({{"variances", {1}}}); });
}

}  // namespace
}  // namespace oubli
