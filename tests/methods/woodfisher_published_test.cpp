#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/unlearn/fisher_step.h"
#include "experiments/selftest/problems.h"
#include "tests/support/curvature.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

// What makes it no inverse: the step differs from v by a multiple of one gradient.
TEST(PublishedWoodFisher, CorrectsAlongOneGradientOnly) {
  const auto data = make_dataset(40, 3, 3);
  const Task task = removal_task(data, 8, 0.1);
  Model model = make_model("mlp", "{hidden: [3]}", *data);
  const Tensor before = model.theta().clone();
  CostMeter cost;
  const Tensor v = forget_against_retain(model, task, cost);
  Context context(0);
  const Subset drawn = fisher_examples(task, 20, context);
  const Tensor gradients = testing::dense_gradients(model, drawn, task.objective());
  const Tensor first = gradients[0];
  run_method("woodfisher_published", "{alpha: 1, examples: 20}", model, task);
  const Tensor correction = model.theta() - before - v;
  const Tensor along = first * (correction.dot(first) / first.dot(first));
  EXPECT_GT(correction.norm().item<double>(), 1e-6 * v.norm().item<double>());
  EXPECT_LT((correction - along).norm().item<double>(), 1e-10 * correction.norm().item<double>());
}

TEST(PublishedWoodFisher, IsTheRecursionAsCoded) {
  const auto data = make_dataset(40, 3, 3);
  const Task task = removal_task(data, 8, 0.1);
  Model model = make_model("mlp", "{hidden: [3]}", *data);
  const Tensor before = model.theta().clone();
  CostMeter cost;
  Context context(0);
  Tensor k = forget_against_retain(model, task, cost);
  const Subset drawn = fisher_examples(task, 20, context);
  const Tensor gradients = testing::dense_gradients(model, drawn, task.objective());
  Tensor o = gradients[0];
  for (std::int64_t i = 1; i < 20; ++i) {
    const Tensor g = gradients[i];
    const Tensor weight = 20 + o.dot(g);
    k = k - (k.dot(g) / weight) * o;
    o = o - (o.dot(g) / weight) * o;
  }
  run_method("woodfisher_published", "{alpha: 0.7, examples: 20}", model, task);
  EXPECT_LT((model.theta() - before - 0.7 * k).abs().max().item<double>(), 1e-12);
}

TEST(PublishedWoodFisher, OfAlphaZeroIsTheIdentity) {
  const auto data = make_dataset(60, 4, 3);
  Model model = make_model("mlp", "{}", *data);
  EXPECT_EQ(
      run_method("woodfisher_published", "{alpha: 0}", model, removal_task(data, 10, 0.1)).status,
      UnlearnStatus::kUnchanged);
}

}  // namespace
}  // namespace oubli
