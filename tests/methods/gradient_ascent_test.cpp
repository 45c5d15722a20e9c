#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "experiments/selftest/problems.h"
#include "tests/support/expect_error.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

TEST(GradientAscent, OneStepGoesAlongTheGradientOfTheForgetLoss) {
  const auto data = testing::make_dataset(60, 4, 3);
  const Task task = testing::removal_task(data, 10, 0.5);
  Model model = testing::make_model("logistic", "{}", *data);
  CostMeter cost;
  const Tensor gradient =
      value_and_gradient(model, task.forget, {LossKind::kCrossEntropy, 0}, cost).gradient;
  const Tensor expected = model.theta() + 0.1 * gradient;
  const UnlearnReport report =
      testing::run_method("gradient_ascent", "{steps: 1, lr: 0.1, bound: 1000}", model, task);
  EXPECT_LT((model.theta() - expected).abs().max().item<double>(), 1e-15);
  EXPECT_EQ(report.sample_gradients, 2 * 10);
}

TEST(GradientAscent, StopsAtTheBoundAndSaysSo) {
  const auto data = testing::make_dataset(60, 4, 3);
  const Task task = testing::removal_task(data, 10, 1e-3);
  Model model = testing::make_model("logistic", "{}", *data);
  testing::minimise(model, task.train, task);
  const UnlearnReport report =
      testing::run_method("gradient_ascent", "{steps: 100000, lr: 0.05}", model, task);
  EXPECT_EQ(report.status, UnlearnStatus::kCompleted);
  EXPECT_NEAR(report.details["bound"].get<double>(), std::log(3.0), 1e-12);
  const std::vector<double> losses = report.details["forget_losses"];
  EXPECT_GE(losses.back(), std::log(3.0));
  EXPECT_LT(losses[losses.size() - 2], std::log(3.0));
  EXPECT_NE(report.message.find("reached the bound"), std::string::npos);
}

TEST(GradientAscent, AnAutomaticBoundOfNothingIsAnError) {
  const auto data = testing::make_dataset(60, 4, 0);
  Model model = testing::make_model("linear", "{}", *data);
  const Task task = testing::removal_task(data, 1, 0);
  EXPECT_ERROR(ErrorKind::kTask, testing::run_method("gradient_ascent", "{}", model, task),
               ::testing::HasSubstr("1 target has 0; give bound a number"));
  const UnlearnReport report = testing::run_method("gradient_ascent", "{bound: 100}", model, task);
  EXPECT_EQ(report.status, UnlearnStatus::kCompleted);
}

TEST(GradientAscent, SaysThatItDidNothing) {
  const auto data = testing::make_dataset(60, 4, 3);
  Model model = testing::make_model("logistic", "{}", *data);
  const UnlearnReport report = testing::run_method("gradient_ascent", "{bound: 1.0e-3}", model,
                                                   testing::removal_task(data, 10, 0));
  EXPECT_EQ(report.status, UnlearnStatus::kUnchanged);
  EXPECT_THAT(report.message, ::testing::HasSubstr("after 0 steps; nothing changed"));
}

TEST(GradientAscent, DivergenceIsAStatus) {
  const auto data = testing::make_dataset(60, 4, 0);
  Model model = testing::make_model("linear", "{}", *data);
  const UnlearnReport report =
      testing::run_method("gradient_ascent", "{steps: 5000, lr: 1e300, bound: 1e308}", model,
                          testing::removal_task(data, 10, 0));
  EXPECT_EQ(report.status, UnlearnStatus::kDiverged) << report.message;
}

}  // namespace
}  // namespace oubli
