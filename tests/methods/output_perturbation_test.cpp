#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/privacy/gaussian.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

TEST(OutputPerturbation, IsTheClippedOriginalAndNoiseOfTheSizeThatHidesIt) {
  const auto data = make_dataset(40, 300, 3);
  const Task task = removal_task(data, 8, 0.1);
  Model model = make_model("logistic", "{}", *data);
  model.set_theta(model.theta() + 3);
  const Tensor start = model.theta().clone();
  const UnlearnReport report = run_method(
      "output_perturbation", "{epsilon: 2, delta: 1.0e-4, radius: 0.7, epochs: 0}", model, task);
  const Json& certificate = report.details.at("certificate");
  const double sigma = certificate.at("sigma").get<double>();
  EXPECT_NEAR(gaussian_delta(1.4 / sigma, 2) / 1e-4, 1, 1e-9);
  EXPECT_EQ(certificate.at("sensitivity"), 1.4);
  EXPECT_NEAR(certificate.at("mu").get<double>(), 1.4 / sigma, 1e-12);
  const Tensor noise = model.theta() - start * (0.7 / start.norm().item<double>());
  EXPECT_NEAR(noise.std().item<double>() / sigma, 1, 0.1);  // of 903 numbers
  EXPECT_NEAR(noise.mean().item<double>() / sigma, 0, 0.15);
}

TEST(OutputPerturbation, AModelInsideTheBallIsNotClipped) {
  const auto data = make_dataset(40, 3, 3);
  Model model = make_model("logistic", "{}", *data);
  const Tensor start = model.theta().clone();
  const UnlearnReport report =
      run_method("output_perturbation", "{epsilon: 100, radius: 1.0e+3, epochs: 0}", model,
                 removal_task(data, 8, 0.1));
  const double sigma = report.details.at("certificate").at("sigma").get<double>();
  EXPECT_LT((model.theta() - start).abs().max().item<double>(), 6 * sigma);
}

TEST(OutputPerturbation, RefusesRunningStatistics) {
  const auto data = testing::make_images(20, 1, 8, 3);
  Model model = make_model("convnet", "{channels: [4]}", *data);
  const UnlearnReport report =
      run_method("output_perturbation", "{}", model, removal_task(data, 4, 0.1));
  EXPECT_EQ(report.status, UnlearnStatus::kRefused);
  EXPECT_NE(report.message.find("running statistics"), std::string::npos) << report.message;
}

}  // namespace
}  // namespace oubli
