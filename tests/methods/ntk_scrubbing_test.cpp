#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

// J [|S| C, dim], and e [|S| C], by automatic differentiation.
std::pair<Tensor, Tensor> jacobian(const Model& model, const Subset& subset,
                                   const Objective& objective) {
  const Batch batch = subset.batch(0, subset.size(), at::kDouble);
  const Tensor outputs = model.forward(batch.inputs);
  Tensors rows;
  const Tensor flat = outputs.reshape({-1});
  for (std::int64_t i = 0; i < flat.numel(); ++i) {
    rows.push_back(model.join(torch::autograd::grad({flat[i]}, model.parameters(), {}, true)));
  }
  return {at::stack(rows),
          objective.output_gradients(outputs, batch.targets).reshape({-1}).detach()};
}

// The published form, in the space of outputs: w = -J' (J J' + |S| wd I)^-1 e.
Tensor learnt(const Model& model, const Subset& subset, const Objective& objective, double decay) {
  const auto [j, e] = jacobian(model, subset, objective);
  const Tensor kernel = j.matmul(j.t()) + static_cast<double>(subset.size()) * decay *
                                              at::eye(j.size(0), at::kDouble);
  return -j.t().matmul(at::linalg_solve(kernel, e.unsqueeze(1)).squeeze(1));
}

TEST(NtkScrubbing, IsThePublishedStepInTheSpaceOfOutputs) {
  for (const std::int64_t classes : {3, 0}) {
    const auto data = make_dataset(30, 4, classes);
    const Task task = removal_task(data, 8, 0.05);
    Model model = make_model("mlp", "{hidden: [5]}", *data);
    const Tensor expected =
        model.theta() + 0.5 * (learnt(model, task.retain, task.objective(), 0.05) -
                               learnt(model, task.train, task.objective(), 0.05));
    const UnlearnReport report =
        run_method("ntk_scrubbing", "{scale: 0.5, tolerance: 1.0e-12}", model, task);
    EXPECT_EQ(report.status, UnlearnStatus::kCompleted) << report.message;
    EXPECT_LT((model.theta() - expected).abs().max().item<double>(), 1e-9);
  }
}

// A linear model under the squared error: theta + w_{D_r} minimises the mean loss over D_r plus
// (wd / 2) |theta' - theta|^2.
TEST(NtkScrubbing, OfALinearModelIsTheDifferenceOfTwoRidgeSolutions) {
  const auto data = make_dataset(40, 5, 0);
  const Task task = removal_task(data, 10, 0);
  Model model = make_model("linear", "{bias: false}", *data);
  const Tensor start = model.theta().clone();
  const double decay = 0.3;
  const auto ridge = [&](const Subset& subset) {
    const Batch batch = subset.batch(0, subset.size(), at::kDouble);
    const Tensor& x = batch.inputs;
    const double n = static_cast<double>(subset.size());
    const Tensor a = x.t().matmul(x) / n + decay * at::eye(5, at::kDouble);
    const Tensor b = x.t().matmul(batch.targets).squeeze(1) / n + decay * start;
    return at::linalg_solve(a, b.unsqueeze(1)).squeeze(1);
  };
  run_method("ntk_scrubbing", "{weight_decay: 0.3, tolerance: 1.0e-13}", model, task);
  const Tensor expected = start + ridge(task.retain) - ridge(task.train);
  EXPECT_LT((model.theta() - expected).abs().max().item<double>(), 1e-10);
}

TEST(NtkScrubbing, NeedsAWeightDecay) {
  const auto data = make_dataset(30, 4, 3);
  Model model = make_model("mlp", "{}", *data);
  EXPECT_THROW(run_method("ntk_scrubbing", "{}", model, removal_task(data, 8, 0)), Error);
}

TEST(NtkScrubbing, TakesNoStepOfASolveThatFailed) {
  const auto data = make_dataset(60, 20, 3);
  const Task task = removal_task(data, 10, 1e-9);
  Model model = make_model("mlp", "{hidden: [20]}", *data);
  const Tensor before = model.theta().clone();
  const UnlearnReport report =
      run_method("ntk_scrubbing", "{max_iterations: 1, tolerance: 1.0e-12}", model, task);
  EXPECT_TRUE(model.theta().equal(before)) << report.message;
  EXPECT_NE(report.status, UnlearnStatus::kCompleted);
  EXPECT_FALSE(report.message.empty());
}

}  // namespace
}  // namespace oubli
