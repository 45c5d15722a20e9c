#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/planned_original.h"

namespace oubli {
namespace {

using testing::certified;
using ::testing::HasSubstr;
using testing::make_dataset;
using testing::make_model;
using testing::minimise;
using testing::relative_distance;
using testing::removal_task;
using testing::run_method;

// Without noise and damping on a quadratic it is retraining; with much damping it does nothing.
TEST(NewtonConvexified, LiesBetweenRetrainingAndDoingNothing) {
  const auto data = make_dataset(60, 4, 0);
  const Task task = removal_task(data, 8, 0.1);
  const Model original = [&] {
    Model model = make_model("linear", "{}", *data);
    minimise(model, task.train, task);
    return model;
  }();
  Model retrained = original.clone();
  minimise(retrained, task.retain, task);
  const auto edited = [&](const std::string& damping) {
    Model model = original.clone();
    run_method("newton_convexified", "{sigma: 1e-12, tolerance: 1e-12, damping: " + damping + "}",
               model, task);
    return model.theta().clone();
  };
  EXPECT_LT(relative_distance(edited("1e-12"), retrained.theta()), 1e-9);
  EXPECT_LT(relative_distance(edited("1e9"), original.theta()), 1e-8);
  EXPECT_GT(relative_distance(edited("1"), original.theta()), 1e-5);
}

// Measured on a linear model, whose constants are known, with and without the ball that is tighter.
TEST(NewtonConvexified, BoundsTheDistanceToRetraining) {
  const auto data = make_dataset(400, 4, 3);
  Task task = removal_task(data, 5, 0.3);
  Model model = make_model("logistic", "{}", *data);
  minimise(model, task.train, task);
  const Model original = model.clone();
  Model retrained = model.clone();
  minimise(retrained, task.retain, task);
  for (const std::string settings : {"radius: 20", "radius: 2", "damping: 1"}) {
    model.set_theta(original.theta());
    const UnlearnReport report = run_method(
        "newton_convexified",
        "{sigma: certified, tolerance: 1e-12, largest_noise: 1e9, " + settings + "}", model, task);
    ASSERT_TRUE(report.usable()) << report.message;
    EXPECT_LE((testing::unreleased(report) - retrained.theta()).norm().item<double>(),
              certified(report, "sensitivity"));
  }
}

TEST(NewtonConvexified, BelievesConstantsOfNetworksAndSaysSo) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 8, 0.1);
  Model model = make_model("mlp", "{hidden: [4], activation: tanh}", *data);
  minimise(model, task.train, task);
  const Tensor before = model.theta().clone();
  const UnlearnReport refused = run_method("newton_convexified", "{sigma: certified}", model, task);
  EXPECT_EQ(refused.status, UnlearnStatus::kRefused);
  EXPECT_THAT(refused.message, HasSubstr("hessian_lipschitz"));
  EXPECT_TRUE(model.theta().equal(before));
  const UnlearnReport noisy = run_method(
      "newton_convexified",
      "{sigma: certified, hessian_lipschitz: 1, smallest_curvature: 0.1, radius: 3, damping: 0.5}",
      model, task);
  EXPECT_EQ(noisy.status, UnlearnStatus::kRefused);
  EXPECT_THAT(noisy.message, HasSubstr("times as long as the parameters"));
  const UnlearnReport believed = run_method(
      "newton_convexified",
      "{sigma: certified, hessian_lipschitz: 1, smallest_curvature: 0.1, radius: 3, damping: 0.5, "
      "largest_noise: 1e9}",
      model, task);
  ASSERT_TRUE(believed.usable()) << believed.message;
  EXPECT_THAT(believed.details.at("certificate").dump(), HasSubstr("are what they were set to"));
  EXPECT_EQ(testing::status_of("stays secret", believed), "assumed");
  // Noise of one's own is no certificate.
  model.set_theta(before);
  const UnlearnReport own = run_method("newton_convexified", "{}", model, task);
  ASSERT_TRUE(own.usable()) << own.message;
  EXPECT_FALSE(own.details.contains("certificate"));
}

}  // namespace
}  // namespace oubli
