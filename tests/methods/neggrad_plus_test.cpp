#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

TEST(NegGradPlus, WithAlphaOneIsFinetune) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.01);
  Model a = make_model("mlp", "{}", *data), b = a.clone();
  run_method("neggrad_plus", "{alpha: 1, epochs: 3, batch_size: 16}", a, task);
  run_method("finetune", "{epochs: 3, batch_size: 16, momentum: 0}", b, task);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

TEST(NegGradPlus, WithAlphaZeroIsAscentOnTheForgetSet) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0);
  Model a = make_model("mlp", "{}", *data), b = a.clone();
  run_method("neggrad_plus", "{alpha: 0, epochs: 4, batch_size: 50, lr: 0.05}", a, task);
  run_method("gradient_ascent", "{steps: 4, lr: 0.05, bound: 1.0e+9}", b, task);
  EXPECT_LT((a.theta() - b.theta()).abs().max().item<double>(), 1e-13);
}

TEST(NegGradPlus, AStepIsTheDifferenceOfGradients) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.01);
  Model model = make_model("mlp", "{hidden: [5]}", *data);
  CostMeter cost;
  const Objective loss{task.objective().loss, 0};
  const Tensor retain = value_and_gradient(model, task.retain, loss, cost).gradient;
  const Tensor forget = value_and_gradient(model, task.forget, loss, cost).gradient;
  const Tensor before = model.theta().clone();
  const UnlearnReport report =
      run_method("neggrad_plus", "{alpha: 0.7, epochs: 1, batch_size: 50, lr: 0.1}", model, task);
  const Tensor expected = before - 0.1 * (0.7 * retain - 0.3 * forget + 0.01 * before);
  EXPECT_LT((model.theta() - expected).abs().max().item<double>(), 1e-14);
  EXPECT_EQ(report.sample_gradients, 60);
}

TEST(NegGradPlus, WithNothingToForgetIsFinetuneOfAPart) {
  const auto data = make_dataset(60, 4, 3);
  Task task = removal_task(data, 10, 0.01);
  task.forget = task.forget.with_rows(at::empty({0}, at::kLong));
  Model model = make_model("mlp", "{}", *data);
  EXPECT_TRUE(run_method("neggrad_plus", "{epochs: 1}", model, task).usable());
}

}  // namespace
}  // namespace oubli
