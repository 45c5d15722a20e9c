#include "core/evaluate/relearning.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/evaluate/metric.h"
#include "experiments/selftest/problems.h"
#include "tests/support/metric_values.h"
#include "tests/support/toy_model.h"

namespace oubli {
namespace {

using testing::value_of;

TEST(Relearning, TheCurveFallsIsPaidForAndRepeats) {
  const auto data = testing::make_dataset(200, 4, 3);
  const Task task = testing::removal_task(data, 40, 0);
  const RelearningSettings settings{.epochs = 5, .lr = 0.05};
  const auto run = [&](double& cost) {
    Model model = testing::make_model("logistic", "{}", *data);
    Context context(3);
    const Relearning curve =
        relearn(model, task.train, task.forget, task.recipe, settings, context);
    cost = context.cost.sample_gradients();
    return curve;
  };
  double cost = 0, again = 0;
  const Relearning curve = run(cost);
  ASSERT_EQ(curve.forget_loss.size(), 6u);
  EXPECT_LT(curve.forget_loss.back(), 0.9 * curve.forget_loss.front());
  EXPECT_GT(curve.forget_accuracy.back(), curve.forget_accuracy.front());
  // Five epochs over D and a forward pass over the forget set before and after each.
  EXPECT_NEAR(cost, 5 * 200 + 6 * 40 / 3.0, 1e-9);
  EXPECT_EQ(run(again).forget_loss, curve.forget_loss);
}

TEST(Relearning, StopsWhereTheLossIsNoLongerFinite) {
  const auto data = testing::make_dataset(50, 4, 0);
  const Task task = testing::removal_task(data, 10, 0);
  Model model = testing::make_model("linear", "{}", *data);
  Context context(3);
  TrainingRecipe recipe = task.recipe;
  recipe.objective.loss = LossKind::kSquaredError;
  const Relearning curve =
      relearn(model, task.train, task.forget, recipe, {.epochs = 500, .lr = 1e6}, context);
  EXPECT_LT(curve.forget_loss.size(), 501u);
  EXPECT_FALSE(std::isfinite(curve.forget_loss.back()));
  EXPECT_TRUE(curve.forget_accuracy.empty());
}

TEST(Relearning, MetricsCountEpochsFromTheCurves) {
  const auto data = testing::make_dataset(60, 3, 3);
  const Evaluation evaluation{.dataset = data, .sets = {{"forget", at::arange(0, 20)}}};
  const Tensor right = 100 * at::one_hot(data->targets, 3);
  ModelOutcome original, model, oracle;
  original.predictions = Predictions(data, LossKind::kCrossEntropy, right);
  model.relearning = {{.forget_loss = {1, 0.1, 9e-6}, .forget_accuracy = {0.2, 0.95, 1}}};
  oracle.relearning = {{.forget_loss = {1, 1, 1, 1}, .forget_accuracy = {0, 0, 0.94, 0.949}}};
  const Metric metric = builtin_metrics().find("relearning");
  MetricInput input{
      .evaluation = evaluation, .model = model, .oracles = {&oracle}, .original = &original};
  auto values = metric.compute(input);
  EXPECT_EQ(value_of(values, "relearn_epochs"), 2);
  EXPECT_TRUE(std::isnan(value_of(values, "anamnesis_index"))) << "an oracle never gets there";
  // An oracle that is there from the start counts as one epoch.
  oracle.relearning->forget_accuracy = {1};
  EXPECT_EQ(value_of(metric.compute(input), "anamnesis_index"), 1);
  const auto censored = [&](const std::string& column) {
    for (const MetricValue& value : metric.compute(input)) {
      if (value.column == column) return value.at_least;
    }
    return false;
  };
  EXPECT_FALSE(censored("relearn_epochs") || censored("anamnesis_index"));
  model.relearning = {{.forget_loss = {1, 0.1}, .forget_accuracy = {0.2, 0.94}}};
  EXPECT_EQ(value_of(metric.compute(input), "relearn_epochs"), 2);
  EXPECT_TRUE(censored("relearn_epochs") && censored("anamnesis_index"));
  model.relearning = {{.forget_loss = {1, std::nan("")}, .forget_accuracy = {0.2, 0.1}}};
  EXPECT_TRUE(std::isnan(value_of(metric.compute(input), "relearn_epochs"))) << "diverged";
  input.original = nullptr;
  EXPECT_TRUE(metric.compute(input).empty());
}

}  // namespace
}  // namespace oubli
