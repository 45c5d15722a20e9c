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

TEST(Amun, LowersTheConfidenceOnWhatItForgets) {
  const auto data = make_dataset(200, 4, 3);
  const Task task = removal_task(data, 40, 1e-3);
  Model model = make_model("mlp", "{hidden: [20]}", *data);
  testing::minimise(model, task.train, task);
  CostMeter cost;
  const double before = value_only(model, task.forget, task.objective(), cost).loss;
  const UnlearnReport report =
      run_method("amun", "{epochs: 10, lr: 0.05, batch_size: 32}", model, task);
  EXPECT_EQ(report.details.at("pairs"), 40);
  EXPECT_EQ(report.details.at("without_pair"), 0);
  EXPECT_GT(value_only(model, task.forget, task.objective(), cost).loss, before);
}

TEST(Amun, WithNothingToForgetIsFinetune) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 0, 0.1);
  Model a = make_model("mlp", "{}", *data), b = a.clone();
  run_method("amun", "{epochs: 3, batch_size: 16}", a, task);
  run_method("finetune", "{epochs: 3, batch_size: 16, lr: 0.01}", b, task);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

// The original is a mistaken model: each example is its own pair, with the model's label, and the
// retain set is left out.
TEST(Amun, OnMistakesAloneItLearnsWhatTheModelSays) {
  Dataset wrong = *make_dataset(30, 4, 2);
  const auto right = std::make_shared<const Dataset>(wrong);
  Model model = make_model("logistic", "{}", *right);
  Task task = removal_task(right, 10, 1e-2);
  testing::minimise(model, task.train, task);
  const Tensor taken = model.forward(task.train.batch(0, 30, at::kDouble).inputs).argmax(1);
  wrong.targets = wrong.true_targets = 1 - taken;
  const auto mistaken = std::make_shared<const Dataset>(wrong);
  Task other = removal_task(mistaken, 10, 1e-2);
  Model a = model.clone(), b = model.clone();
  run_method("amun", "{retain: none, epochs: 2, batch_size: 4}", a, other);
  Task relabelled = other;
  relabelled.retain = other.forget.with_targets(taken.narrow(0, 0, 10));
  relabelled.forget = other.forget.with_rows(at::empty({0}, at::kLong));
  run_method("finetune", "{epochs: 2, batch_size: 4, lr: 0.01}", b, relabelled);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

}  // namespace
}  // namespace oubli
