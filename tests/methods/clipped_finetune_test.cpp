#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/privacy/gaussian.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

constexpr double kRadius = 0.5, kEta = 1e-2, kLambda = 10;
constexpr int kSteps = 12;
const char* const kSettings =
    "{epsilon: 1, delta: 1.0e-4, radius: 0.5, clip: 2, eta: 0.01, lambda: 10, noisy_steps: 12, "
    "epochs: 0}";

// Inputs of zeros have no gradient but in the biases: weights only shrink and are shaken.
TEST(ClippedFinetune, WithoutGradientsItShrinksAndShakes) {
  auto data = std::make_shared<Dataset>(*make_dataset(40, 500, 3));
  data->inputs = at::zeros_like(data->inputs);
  Model model = make_model("logistic", "{bias: false}", *data);
  model.set_theta(at::full_like(model.theta(), 1));
  const UnlearnReport report =
      run_method("clipped_finetune", kSettings, model, removal_task(data, 8, 0.1));
  const double sigma = report.details.at("certificate").at("sigma").get<double>();
  const double r = 1 - kEta * kLambda;
  const double sd = sigma * std::sqrt((1 - std::pow(r, 2 * kSteps)) / (1 - r * r));
  const double centre = kRadius / std::sqrt(1500.0) * std::pow(r, kSteps);
  EXPECT_NEAR(model.theta().std().item<double>() / sd, 1, 0.08);
  EXPECT_NEAR((model.theta().mean().item<double>() - centre) / sd, 0, 0.15);
  // What two opposite starts give is told apart by no more than the certificate says.
  EXPECT_LT(gaussian_delta(2 * kRadius * std::pow(r, kSteps) / sd, 1), 1e-4);
}

TEST(ClippedFinetune, SigmaIsTheSmallestThatRenyiAllows) {
  const auto data = make_dataset(40, 5, 3);
  Model model = make_model("logistic", "{}", *data);
  const UnlearnReport report =
      run_method("clipped_finetune", kSettings, model, removal_task(data, 8, 0.1));
  const Json& certificate = report.details.at("certificate");
  EXPECT_TRUE(certificate.at("mu").is_null());  // Renyi divergences give none
  const double mu =
      certificate.at("sensitivity").get<double>() / certificate.at("sigma").get<double>();
  EXPECT_NEAR(renyi_epsilon(mu * mu / 2, 1e-4), 1, 1e-6);
  // A by hand: both contractions, and what the clipped gradients add.
  double apart = 2 * kRadius, variances = 0;
  for (int t = 0; t < kSteps; ++t) {
    apart = apart * 0.9 + 2 * kEta * 2;
    variances = variances * 0.81 + 1;
  }
  EXPECT_NEAR(certificate.at("sensitivity").get<double>(), apart / std::sqrt(variances), 1e-12);
}

TEST(ClippedFinetune, WithoutDecayIsTheLimit) {
  const auto data = make_dataset(40, 5, 3);
  const auto sigma = [&](const std::string& lambda) {
    Model model = make_model("logistic", "{}", *data);
    const UnlearnReport report = run_method(
        "clipped_finetune", "{eta: 0.01, noisy_steps: 7, epochs: 0, lambda: " + lambda + "}", model,
        removal_task(data, 8, 0.1));
    return report.details.at("certificate").at("sigma").get<double>();
  };
  EXPECT_NEAR(sigma("1.0e-9") / sigma("0"), 1, 1e-6);
}

TEST(ClippedFinetune, TakesAsManyStepsAsShrinkTheStartToOne) {
  const auto data = make_dataset(40, 5, 3);
  Model model = make_model("logistic", "{}", *data);
  const UnlearnReport report = run_method(
      "clipped_finetune", "{radius: 0.01, clip: 10, eta: 1.0e-4, lambda: 750, epochs: 0}", model,
      removal_task(data, 8, 0.1));
  // min(ceil(C0 / (C eta)), ceil(ln(2 lambda C0 / C) / (eta lambda))) = min(10, 6)
  EXPECT_EQ(report.details.at("noisy_steps"), 6);
}

}  // namespace
}  // namespace oubli
