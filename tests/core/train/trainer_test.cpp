#include "core/train/trainer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/base/settings_file.h"
#include "experiments/selftest/problems.h"

namespace oubli {
namespace {

using testing::all_of;
using testing::make_dataset;
using testing::make_model;

TrainingRecipe recipe_of(const std::string& yaml) {
  return TrainingRecipe::read(Settings(parse_settings(yaml, "test")));
}

TEST(Trainer, FullBatchSgdIsGradientDescent) {
  const auto data = make_dataset(30, 4, 3);
  Model model = make_model("logistic", "{}", *data);
  const Tensor start = model.theta().clone();
  const TrainingRecipe recipe =
      recipe_of("{l2: 0.1, epochs: 1, batch_size: 30, optimizer: {name: sgd, lr: 0.5}}");
  CostMeter cost;
  const Tensor gradient = value_and_gradient(model, all_of(data), recipe.objective, cost).gradient;
  Context context(0);
  train(model, all_of(data), recipe, context);
  EXPECT_LT((model.theta() - (start - 0.5 * gradient)).abs().max().item<double>(), 1e-14);
}

TEST(Trainer, EveryOptimiserLowersTheObjective) {
  const auto data = make_dataset(200, 5, 3);
  for (const std::string optimizer : {"{name: sgd, lr: 0.1, momentum: 0.9}",
                                      "{name: sgd, lr: 0.1, momentum: 0.9, nesterov: true}",
                                      "{name: adam, lr: 0.01}", "{name: adamw, lr: 0.01}"}) {
    Model model = make_model("mlp", "{hidden: [8]}", *data);
    CostMeter cost;
    const TrainingRecipe recipe =
        recipe_of("{epochs: 20, batch_size: 32, optimizer: " + optimizer + "}");
    const double before = value_only(model, all_of(data), recipe.objective, cost).loss;
    Context context(0);
    const TrainingReport report = train(model, all_of(data), recipe, context);
    EXPECT_EQ(report.status, TrainingStatus::kCompleted);
    EXPECT_LT(report.loss, 0.5 * before) << optimizer;
    EXPECT_EQ(report.sample_gradients, 20 * 200);
  }
}

TEST(Trainer, LbfgsReachesTheGradientNormAskedFor) {
  const auto data = make_dataset(200, 5, 3);
  Model model = make_model("logistic", "{}", *data);
  Context context(0);
  const TrainingReport report =
      train(model, all_of(data),
            recipe_of("{l2: 1e-2, optimizer: {name: lbfgs, tolerance: 1e-11}}"), context);
  EXPECT_EQ(report.status, TrainingStatus::kConverged) << report.message;
  EXPECT_LE(report.gradient_norm, 1e-11);
}

// Classes with a gap and no regulariser: the loss falls for ever as the weights grow.
TEST(Trainer, SaysThatThereIsNoMinimum) {
  auto data = std::make_shared<Dataset>(*make_dataset(80, 4, 2));
  data->inputs.select(1, 0).copy_(data->targets.to(at::kDouble) * 8 - 4);
  for (const std::string optimizer : {"{name: lbfgs}", "{name: lbfgs, max_iterations: 3}"}) {
    Model model = make_model("logistic", "{}", *data);
    Context context(0);
    const TrainingReport report =
        train(model, all_of(data), recipe_of("{optimizer: " + optimizer + "}"), context);
    EXPECT_EQ(report.status, TrainingStatus::kNoMinimum) << report.message;
    EXPECT_NE(report.message.find("all 80 examples are classified right"), std::string::npos);
    EXPECT_TRUE(report.usable());
  }
  Model model = make_model("logistic", "{}", *data);
  Context context(0);
  EXPECT_EQ(train(model, all_of(data), recipe_of("{l2: 1.0e-3, optimizer: lbfgs}"), context).status,
            TrainingStatus::kConverged);
}

// As of an oracle without a class: its bias falls for ever, however the others overlap.
TEST(Trainer, SaysThatAnAbsentClassHasNoMinimum) {
  auto data = std::make_shared<Dataset>(*make_dataset(80, 4, 2));
  data->targets = at::arange(80, at::kLong).remainder(2);
  data->outputs = 3;
  Model model = make_model("logistic", "{}", *data);
  Context context(0);
  const TrainingReport report =
      train(model, all_of(data), recipe_of("{optimizer: {name: lbfgs}}"), context);
  EXPECT_EQ(report.status, TrainingStatus::kNoMinimum) << report.message;
  EXPECT_NE(report.message.find("a class has no example"), std::string::npos);
  EXPECT_EQ(train(model, all_of(data), recipe_of("{l2: 1.0e-3, optimizer: lbfgs}"), context).status,
            TrainingStatus::kConverged);
}

// SGD's steps and L-BFGS descend the same function, whatever the weights' mean: a full batch is a
// gradient step on the objective.
TEST(Trainer, WeightsOfAnyMeanLeaveTheObjectiveAlone) {
  const auto data = make_dataset(30, 4, 3);
  Subset subset = all_of(data);
  subset.weights = at::linspace(1, 9, 30, at::kDouble);
  const TrainingRecipe recipe =
      recipe_of("{l2: 0.1, epochs: 1, batch_size: 30, optimizer: {name: sgd, lr: 0.5}}");
  Model model = make_model("logistic", "{}", *data);
  CostMeter cost;
  const Tensor expected =
      model.theta() - 0.5 * value_and_gradient(model, subset, recipe.objective, cost).gradient;
  Context context(0);
  train(model, subset, recipe, context);
  EXPECT_LT((model.theta() - expected).abs().max().item<double>(), 1e-14);
}

TEST(Trainer, TheSameSeedGivesTheSameBits) {
  const auto data = make_dataset(100, 5, 3);
  const TrainingRecipe recipe = recipe_of("{epochs: 3, batch_size: 16, schedule: cosine}");
  Model a = make_model("mlp", "{}", *data), b = make_model("mlp", "{}", *data);
  Model c = make_model("mlp", "{}", *data);
  Context one(7), two(7), other(8);
  train(a, all_of(data), recipe, one);
  train(b, all_of(data), recipe, two);
  train(c, all_of(data), recipe, other);
  EXPECT_TRUE(a.theta().equal(b.theta()));
  EXPECT_FALSE(a.theta().equal(c.theta()));
}

TEST(Trainer, DivergenceIsAStatus) {
  const auto data = make_dataset(100, 5, 0);
  Model model = make_model("linear", "{}", *data);
  Context context(0);
  const TrainingReport report = train(
      model, all_of(data),
      recipe_of("{loss: squared_error, epochs: 500, optimizer: {name: sgd, lr: 100}}"), context);
  EXPECT_EQ(report.status, TrainingStatus::kDiverged);
  EXPECT_FALSE(report.usable());
  EXPECT_NE(report.message, "");
}

TEST(Trainer, BudgetStopsBetweenEpochs) {
  const auto data = make_dataset(100, 5, 3);
  Model model = make_model("logistic", "{}", *data);
  Context context(0);
  context.budget = 250;
  const TrainingReport report = train(model, all_of(data), recipe_of("{epochs: 10}"), context);
  EXPECT_EQ(report.status, TrainingStatus::kStopped);
  EXPECT_EQ(report.epochs, 3);
}

TEST(Trainer, EvaluationNeverAugments) {
  auto data = std::make_shared<Dataset>(*make_dataset(40, 36, 3));
  data->inputs = data->inputs.reshape({40, 1, 6, 6});
  Model model = make_model("logistic", "{}", *data);
  Context context(0);
  const TrainingRecipe recipe = recipe_of("{epochs: 2, augment: {crop: 2, flip: true}}");
  const TrainingReport report = train(model, all_of(data), recipe, context);
  const Tensor outputs = model.forward(data->inputs);
  CostMeter cost;
  EXPECT_TRUE(predict(model, all_of(data), cost).equal(outputs));
  const Tensor losses = recipe.objective.losses(outputs, data->targets);
  EXPECT_NEAR(report.loss, losses.mean().item<double>(), 1e-12);
}

}  // namespace
}  // namespace oubli
