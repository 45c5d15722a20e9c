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

UnlearnReport run(const std::string& settings, Model& model,
                  const std::shared_ptr<const Dataset>& data) {
  return run_method("clipped_models", settings, model, removal_task(data, 8, 0.1));
}

TEST(ClippedModels, StepsDependOnClipOverSigmaAlone) {
  const auto data = make_dataset(40, 5, 3);
  Model model = make_model("logistic", "{}", *data);
  const auto steps = [&](const std::string& settings) {
    return run("{epochs: 0, " + settings + "}", model, data).details.at("noisy_steps");
  };
  EXPECT_EQ(steps("clip: 0.5, sigma: 0.5"), steps("clip: 5, sigma: 5"));
  EXPECT_LT(steps("clip: 0.5, sigma: 1"), steps("clip: 0.5, sigma: 0.5"));
  EXPECT_LT(steps("clip: 0.5, sigma: 0.5, epsilon: 5"), steps("clip: 0.5, sigma: 0.5"));
  // Noise that hides both ends of the ball does it in one.
  const double mu = gaussian_mu(1, 1e-5);
  EXPECT_EQ(steps("clip: 0.5, sigma: " + std::to_string(1.01 / mu)), 1);
  EXPECT_EQ(steps("clip: 0.5, sigma: " + std::to_string(0.99 / mu)), 2);
}

// S / sigma is of one step, and tells of all of them nothing.
TEST(ClippedModels, TheCertificateIsOfAllSteps) {
  const auto data = make_dataset(40, 5, 3);
  Model model = make_model("logistic", "{}", *data);
  const UnlearnReport report = run("{clip: 0.5, sigma: 0.5, epochs: 0}", model, data);
  const Json& certificate = report.details.at("certificate");
  EXPECT_TRUE(certificate.at("mu").is_null());
  const std::string steps = report.details.at("noisy_steps").dump();
  EXPECT_NE(certificate.dump().find('"' + steps + " steps bring delta down"), std::string::npos)
      << certificate;
}

// In one dimension, from both ends of the ball and pulled nowhere: the worst pair for this bound.
// delta is estimated from how often a run of one ends where the other hardly does.
TEST(ClippedModels, TheWorstPairStaysUnderTheBound) {
  Generator generator(4);
  const double clip = 0.5, sigma = 0.6, epsilon = 1;
  const std::int64_t runs = 400000;
  Tensor a = at::full({runs}, clip, at::kDouble), b = -a;
  double bound = 1;
  for (int t = 0; t < 3; ++t) {
    a = a.clamp(-clip, clip) + sigma * generator.normal({runs}, at::kDouble);
    b = b.clamp(-clip, clip) + sigma * generator.normal({runs}, at::kDouble);
    bound *= gaussian_delta(2 * clip / sigma, std::log1p(std::expm1(epsilon) / bound));
    double worst = 0;
    for (int i = 0; i < 40; ++i) {
      const double threshold = -1 + 0.1 * i;
      const double in_a = a.gt(threshold).to(at::kDouble).mean().item<double>();
      const double in_b = b.gt(threshold).to(at::kDouble).mean().item<double>();
      worst = std::max(worst, in_a - std::exp(epsilon) * in_b);
    }
    EXPECT_LE(worst, bound + 3e-3) << t;
  }
}

TEST(ClippedModels, ReleasesAreOnlyShakenOutOfTheBall) {
  const auto data = make_dataset(40, 200, 3);
  Model model = make_model("logistic", "{}", *data);
  model.set_theta(model.theta() + 1);
  run("{clip: 0.5, sigma: 0.01, epsilon: 6000, epochs: 0, eta: 1}", model, data);
  // 603 numbers of noise on a vector of length 1/2.
  EXPECT_NEAR(model.theta().norm().item<double>(), std::sqrt(0.25 + 603e-4), 0.03);
}

TEST(ClippedModels, RefusesWhatNoNumberOfStepsHides) {
  const auto data = make_dataset(40, 5, 3);
  Model model = make_model("logistic", "{}", *data);
  const UnlearnReport report = run("{clip: 1, sigma: 0.01}", model, data);
  EXPECT_EQ(report.status, UnlearnStatus::kRefused);
  EXPECT_NE(report.message.find("steps"), std::string::npos);
}

}  // namespace
}  // namespace oubli
