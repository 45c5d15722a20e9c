#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/data/drawing.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

Tensor mean_gradient(const Model& model, const Subset& subset, const Task& task) {
  CostMeter cost;
  return value_and_gradient(model, subset, {task.objective().loss, 0}, cost).gradient;
}

// One step over the whole of both sets, at rate 1 and without momentum: minus the direction.
const char* const kOneStep = "{epochs: 1, lr: 1, momentum: 0, batch_size: 100}";

TEST(Munba, StepsALengthOfOneAlongTheBisector) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 1, 0);  // one label is drawn, in a known order
  Model model = make_model("mlp", "{}", *data);
  const Tensor before = model.theta().clone();
  Generator labels = Context(0).generator.stream("labels");
  const Tensor g_r = mean_gradient(model, task.retain, task);
  const Tensor g_u =
      mean_gradient(model, task.forget.with_targets(random_labels(1, 3, labels)), task);
  const UnlearnReport report = run_method("munba", kOneStep, model, task);
  const Tensor step = before - model.theta();
  EXPECT_NEAR(step.norm().item<double>(), 1, 1e-12);
  EXPECT_NEAR((step.dot(g_r) / g_r.norm()).item<double>(),
              (step.dot(g_u) / g_u.norm()).item<double>(), 1e-12);
  EXPECT_GT(step.dot(g_r).item<double>(), 0);
  EXPECT_EQ(report.details.at("bargains"), 1);
  EXPECT_EQ(report.details.at("without_agreement"), 0);
}

// At parameters of zero, and without biases, one example's gradient is in proportion to its inputs.
TEST(Munba, TheScaleOfALossDoesNotMatter) {
  Tensor steps[2];
  for (const int scaled : {0, 1}) {
    Dataset plain = *make_dataset(60, 4, 3);
    if (scaled == 1) plain.inputs[0].mul_(8);
    const auto data = std::make_shared<const Dataset>(plain);
    const Task task = removal_task(data, 1, 0);
    Model model = make_model("linear", "{bias: false}", *data);
    model.set_theta(at::zeros_like(model.theta()));
    const UnlearnReport report = run_method("munba", kOneStep, model, task);
    EXPECT_EQ(report.details.at("without_agreement"), 0);
    steps[scaled] = model.theta().clone();
  }
  EXPECT_LT((steps[0] - steps[1]).abs().max().item<double>(), 1e-14);
}

TEST(Munba, WithNothingToForgetIsFinetune) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 0, 0.1);
  Model a = make_model("mlp", "{}", *data), b = a.clone();
  run_method("munba", "{epochs: 3, batch_size: 16}", a, task);
  run_method("finetune", "{epochs: 3, batch_size: 16, lr: 0.01}", b, task);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

TEST(Munba, WithoutAgreementTheStepIsThatOfTheSumCutToOne) {
  // At parameters of zero a model of two classes has opposite gradients on one input with either
  // label: no direction lowers both losses.
  Dataset one = *make_dataset(4, 3, 2);
  one.inputs = one.inputs[0].expand({4, 3}).contiguous();
  one.targets = one.true_targets = at::zeros({4}, at::kLong);
  const auto data = std::make_shared<const Dataset>(one);
  Task task = removal_task(data, 1, 0);
  std::uint64_t seed = 0;
  for (;; ++seed) {
    Generator labels = Context(seed).generator.stream("labels");
    if (random_labels(1, 2, labels).item<std::int64_t>() == 1) break;
  }
  Model model = make_model("logistic", "{}", *data);
  model.set_theta(at::zeros_like(model.theta()));
  const Tensor g = mean_gradient(model, task.retain, task);
  const UnlearnReport report = run_method("munba", kOneStep, model, task, seed);
  EXPECT_EQ(report.details.at("without_agreement"), 1);
  const Tensor sum = 0.9 * g;  // g - 0.1 g
  const double size = std::max(1.0, sum.norm().item<double>());
  EXPECT_LT((model.theta() + sum / size).abs().max().item<double>(), 1e-12);
}

}  // namespace
}  // namespace oubli
