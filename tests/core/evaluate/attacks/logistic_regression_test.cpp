#include "core/evaluate/attacks/logistic_regression.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/random.h"

namespace oubli {
namespace {

TEST(LogisticRegression, GradientVanishes) {
  Generator generator(3);
  const Tensor x = generator.normal({50, 2}, at::kDouble);
  const Tensor labels = (x.select(1, 0) + generator.normal({50}, at::kDouble)).gt(0.2);
  const LogisticRegression fit = fit_logistic_regression(x, labels, 2);
  EXPECT_TRUE(fit.converged);
  const Tensor error = fit.decision(x).sigmoid() - labels.to(at::kDouble);
  EXPECT_NEAR(error.sum().item<double>(), 0, 1e-10) << "the intercept is not penalised";
  const Tensor gradient = fit.coefficients + 2 * x.t().mv(error);
  EXPECT_NEAR(gradient.abs().max().item<double>(), 0, 1e-10);
}

TEST(LogisticRegression, ConstantFeatureFitsTheShares) {
  const LogisticRegression fit =
      fit_logistic_regression(at::zeros({4, 1}, at::kDouble), at::tensor({1, 0, 0, 0}).gt(0));
  EXPECT_NEAR(fit.intercept, std::log(1.0 / 3), 1e-12);
  EXPECT_NEAR(fit.coefficients.item<double>(), 0, 1e-15);
}

TEST(LogisticRegression, SeparableAndHugeFeaturesConverge) {
  const Tensor x = at::tensor({0.0, 0.001, 900.0, 1000.0}, at::kDouble).unsqueeze(1);
  const Tensor labels = at::tensor({1, 1, 0, 0}).gt(0);
  const LogisticRegression fit = fit_logistic_regression(x, labels);
  EXPECT_TRUE(fit.converged);
  EXPECT_TRUE(fit.decision(x).gt(0).equal(labels));
}

TEST(LogisticRegression, RefusesWhatItCannotFit) {
  const Tensor x = at::ones({2, 1}, at::kDouble);
  EXPECT_THROW(fit_logistic_regression(x, at::tensor({1, 1}).gt(0)), Error);
  EXPECT_THROW(fit_logistic_regression(x, at::tensor({0, 0}).gt(0)), Error);
  EXPECT_THROW(fit_logistic_regression(x, at::tensor({0, 1, 1}).gt(0)), Error);
  EXPECT_THROW(fit_logistic_regression(x / 0, at::tensor({0, 1}).gt(0)), Error);
}

}  // namespace
}  // namespace oubli
