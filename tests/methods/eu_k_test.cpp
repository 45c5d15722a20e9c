#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/nn/parameter_groups.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

TEST(EuK, WithAllLayersItIsRetraining) {
  const auto data = make_dataset(60, 4, 3);
  Task task = removal_task(data, 10, 0.01);
  task.recipe.optimizer = {.name = "sgd", .lr = 0.1, .momentum = 0.9};
  task.recipe.epochs = 3;
  Model a = make_model("mlp", "{hidden: [5]}", *data), b = a.clone();
  run_method("eu_k", "{layers: 2}", a, task, 4);
  run_method("retrain", "{}", b, task, 4);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

// Under frozen features the last layer is a convex regression: its minimum depends on no start.
TEST(EuK, OfOneLayerIsTheRegressionOnItsFeatures) {
  const auto data = make_dataset(100, 4, 3);
  const Task task = removal_task(data, 20, 0.05);
  Model a = make_model("mlp", "{hidden: [5]}", *data), b = a.clone();
  const Tensor before = a.theta().clone();
  const UnlearnReport report = run_method("eu_k", "{layers: 1}", a, task, 1);
  EXPECT_EQ(report.status, UnlearnStatus::kCompleted) << report.message;
  run_method("eu_k", "{layers: 1}", b, task, 2);
  EXPECT_LT((a.theta() - b.theta()).abs().max().item<double>(), 1e-9);
  const Tensor last = last_layers(a, 1);
  EXPECT_TRUE(a.theta().index({~last}).equal(before.index({~last})));
  EXPECT_FALSE(a.theta().index({last}).equal(before.index({last})));
}

}  // namespace
}  // namespace oubli
