#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

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

TEST(WoodFisher, SolvesWithTheDampedEmpiricalFisher) {
  const auto data = make_dataset(40, 3, 3);
  const Task task = removal_task(data, 8, 0.1);
  Model model = make_model("mlp", "{hidden: [3]}", *data);
  CostMeter cost;
  const Tensor v = forget_against_retain(model, task, cost);
  const Tensor g = testing::dense_gradients(model, task.retain, task.objective());
  const Tensor fisher = at::mm(g.t(), g) / 32 + 0.01 * at::eye(model.dim(), at::kDouble);
  const Tensor expected = model.theta() + 0.5 * at::linalg_solve(fisher, v);
  const UnlearnReport report =
      run_method("woodfisher", "{alpha: 0.5, damping: 0.01, examples: 32}", model, task);
  EXPECT_LT((model.theta() - expected).abs().max().item<double>(), 1e-8);
  EXPECT_EQ(report.sample_gradients, 40 + 32);
}

TEST(WoodFisher, RaisesTheForgetLossAndLowersTheOther) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.1);
  Model model = make_model("mlp", "{}", *data);
  CostMeter cost;
  const Objective loss{task.objective().loss, 0};
  const double forget = value_only(model, task.forget, loss, cost).loss;
  const double difference = forget - value_only(model, task.retain, loss, cost).loss;
  run_method("woodfisher", "{alpha: 1.0e-4, damping: 0.1}", model, task);
  const double now = value_only(model, task.forget, loss, cost).loss;
  EXPECT_GT(now - value_only(model, task.retain, loss, cost).loss, difference);
}

// One feature is the forget set's alone, the others what remains': each sign shows by itself, in
// the published form too.
TEST(WoodFisher, ClimbsTheForgetLossAndDescendsTheOtherEach) {
  auto data = std::make_shared<Dataset>(*make_dataset(60, 4, 0));
  data->inputs.narrow(0, 0, 10).narrow(1, 1, 3).zero_();
  data->inputs.narrow(0, 10, 50).narrow(1, 0, 1).zero_();
  const Task task = removal_task(data, 10, 0);
  CostMeter cost;
  for (const std::string form : {"woodfisher", "woodfisher_published"}) {
    Model model = make_model("linear", "{bias: false}", *data);
    const auto loss = [&](const Subset& subset) {
      return value_only(model, subset, task.objective(), cost).loss;
    };
    const double forget = loss(task.forget), retain = loss(task.retain);
    run_method(form, "{alpha: 1.0e-3}", model, task);
    EXPECT_GT(loss(task.forget), forget) << form;
    EXPECT_LT(loss(task.retain), retain) << form;
  }
}

TEST(WoodFisher, OfAlphaZeroIsTheIdentity) {
  const auto data = make_dataset(60, 4, 3);
  Model model = make_model("mlp", "{}", *data);
  EXPECT_EQ(run_method("woodfisher", "{alpha: 0}", model, removal_task(data, 10, 0.1)).status,
            UnlearnStatus::kUnchanged);
}

}  // namespace
}  // namespace oubli
