#include "core/train/descent.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "experiments/selftest/problems.h"

namespace oubli {
namespace {

using testing::all_of;
using testing::make_dataset;
using testing::make_model;

TrainingRecipe recipe_of(std::int64_t epochs, std::int64_t batch_size, double lr = 0.1) {
  TrainingRecipe recipe;
  recipe.optimizer = {.name = "sgd", .lr = lr};
  recipe.epochs = epochs;
  recipe.batch_size = batch_size;
  return recipe;
}

TEST(Descent, AddsTheRegulariserOnceForAllTerms) {
  const auto data = make_dataset(20, 4, 3);
  Model model = make_model("mlp", "{hidden: [5]}", *data);
  const Tensor start = model.theta().clone();
  TrainingRecipe recipe = recipe_of(1, 20, 0.5);
  recipe.objective.l2 = 0.2;
  CostMeter cost;
  const Tensor gradient =
      value_and_gradient(model, all_of(data), {LossKind::kCrossEntropy, 0}, cost).gradient;
  Context context(0);
  Descent descent(model, recipe, context);
  BatchStream batches = descent.batches(all_of(data));
  while (descent.next_epoch()) {
    for (const Batch& batch : batches) {
      descent.step(2 * descent.loss(batch) - 0.5 * descent.loss(batch) + 0 * descent.loss(batch));
    }
  }
  const Tensor expected = start - 0.5 * (1.5 * gradient + 0.2 * start);
  EXPECT_LT((model.theta() - expected).abs().max().item<double>(), 1e-14);
  EXPECT_EQ(context.cost.sample_gradients(), 40) << "a term of weight 0 is not computed";
  EXPECT_EQ(descent.report().epochs, 1);
}

// Every optimiser, with decay, momentum and noise behind each step.
TEST(Descent, WhatIsHeldDoesNotChangeByOneBit) {
  const auto data = make_dataset(40, 4, 3);
  for (const std::string optimizer : {"sgd", "adam", "adamw"}) {
    Model model = make_model("mlp", "{hidden: [5]}", *data);
    const Tensor start = model.theta().clone();
    const Tensor movable = at::arange(model.dim()).remainder(3).eq(0);
    TrainingRecipe recipe = recipe_of(3, 8);
    recipe.objective.l2 = 0.1;
    recipe.optimizer = {.name = optimizer, .lr = 0.1, .momentum = 0.9, .weight_decay = 0.3};
    Context context(0);
    const auto add_noise = [](const Tensor& theta, const StepState&) { theta.add_(0.01); };
    Descent descent(model, recipe, context, {.movable = movable, .after_step = add_noise});
    BatchStream batches = descent.batches(all_of(data));
    while (descent.next_epoch()) {
      for (const Batch& batch : batches) descent.step(descent.loss(batch));
    }
    EXPECT_TRUE(model.theta().ne(start).equal(movable)) << optimizer;
  }
}

TEST(Descent, ChangesSeeTheStepTheyChange) {
  const auto data = make_dataset(20, 4, 3);
  Model model = make_model("logistic", "{}", *data);
  TrainingRecipe recipe = recipe_of(4, 10, 0.4);
  recipe.schedule = {.name = "step", .every = 2, .factor = 0.5};
  std::vector<StepState> seen;
  StepChanges changes;
  changes.on_gradient = [&](Tensor& gradient, const StepState& state) {
    seen.push_back(state);
    gradient.zero_();
  };
  Context context(0);
  const Tensor start = model.theta().clone();
  Descent descent(model, recipe, context, changes);
  BatchStream batches = descent.batches(all_of(data));
  while (descent.next_epoch()) {
    for (const Batch& batch : batches) descent.step(descent.loss(batch));
  }
  EXPECT_TRUE(model.theta().equal(start));
  ASSERT_EQ(seen.size(), 8u);
  EXPECT_EQ(seen[3].epoch, 1);
  EXPECT_EQ(seen[3].step, 3);
  EXPECT_EQ(seen[3].steps, 8);
  EXPECT_EQ(seen[3].lr, 0.4);
  EXPECT_EQ(seen[4].lr, 0.2);
}

TEST(Descent, ASecondSetGoesRoundAndHasItsOwnOrder) {
  const auto data = make_dataset(50, 4, 3);
  const Subset large = all_of(data).with_rows(at::arange(30));
  const Subset small = all_of(data).with_rows(at::arange(30, 35));
  Model model = make_model("logistic", "{}", *data);
  Context context(0);
  Descent descent(model, recipe_of(1, 4), context);
  BatchStream first = descent.batches(large), second = descent.batches(small, 2);
  EXPECT_EQ(first.batches(), 8);
  EXPECT_EQ(second.batches(), 3);
  Tensors rows;
  ASSERT_TRUE(descent.next_epoch());
  for (const Batch& batch : first) {
    EXPECT_LE(batch.size(), 4);
    rows.push_back(second.next().rows.clone());
  }
  EXPECT_FALSE(descent.next_epoch());
  // Eight batches of 2, 2 and 1: two epochs and two thirds of one.
  const Tensor once = std::get<0>(at::cat({rows[0], rows[1], rows[2]}).sort());
  EXPECT_TRUE(once.equal(small.rows));
  EXPECT_EQ(at::cat(rows).numel(), 14);
}

TEST(Descent, StopsWithinAnEpochTheLastOneToo) {
  const auto data = make_dataset(30, 4, 3);
  for (const auto& [epochs, budget, ended] : {std::tuple{10, 40, 1}, {1, 20, 0}, {1, 30, 1}}) {
    Model model = make_model("logistic", "{}", *data);
    Context context(0);
    context.budget = budget;
    Descent descent(model, recipe_of(epochs, 10), context);
    BatchStream batches = descent.batches(all_of(data));
    while (descent.next_epoch()) {
      for (const Batch& batch : batches) descent.step(descent.loss(batch));
    }
    EXPECT_EQ(context.cost.sample_gradients(), budget);
    EXPECT_EQ(descent.report().epochs, ended);
    const bool is_whole = epochs == ended;
    EXPECT_EQ(descent.report().status,
              is_whole ? TrainingStatus::kCompleted : TrainingStatus::kStopped);
  }
}

TEST(Descent, DivergenceIsSeenAtTheEndOfAnEpoch) {
  const auto data = make_dataset(30, 4, 3);
  Model model = make_model("logistic", "{}", *data);
  Context other(0);
  StepChanges changes;
  changes.after_step = [](const Tensor& theta, const StepState&) { theta.fill_(NAN); };
  Descent spoilt(model, recipe_of(10, 10), other, changes);
  BatchStream again = spoilt.batches(all_of(data));
  while (spoilt.next_epoch()) {
    for (const Batch& batch : again) spoilt.step(spoilt.loss(batch));
  }
  EXPECT_EQ(spoilt.report().status, TrainingStatus::kDiverged);
  EXPECT_EQ(spoilt.report().epochs, 1);
}

TEST(Descent, AnEmptySetHasNoBatchesAndNoLoss) {
  const auto data = make_dataset(20, 4, 3);
  Model model = make_model("logistic", "{}", *data);
  const Tensor start = model.theta().clone();
  Context context(0);
  Descent descent(model, recipe_of(2, 10), context);
  BatchStream none = descent.batches(all_of(data).with_rows(at::empty({0}, at::kLong)));
  while (descent.next_epoch()) {
    for (const Batch& batch : none) descent.step(descent.loss(batch));
    descent.step(descent.loss(none.next()));
  }
  EXPECT_TRUE(model.theta().equal(start));
  EXPECT_EQ(context.cost.sample_gradients(), 0);
}

// What a descent that is told to warn says after some epochs at a learning rate.
std::vector<std::string> warnings_at(double lr, std::int64_t epochs, const std::string& network,
                                     double sign = 1) {
  const auto data = make_dataset(200, 4, 3);
  Model model = make_model(network, "{}", *data);
  Generator draw(1);
  model.initialise(draw);
  Context context(0);
  std::vector<std::string> warnings;
  context.warn = [&](const std::string& warning) { warnings.push_back(warning); };
  Descent descent(model, recipe_of(epochs, 10, lr), context);
  BatchStream batches = descent.batches(all_of(data));
  while (descent.next_epoch()) {
    for (const Batch& batch : batches) descent.step(sign * descent.loss(batch));
  }
  return warnings;
}

TEST(Descent, SaysWhenWhatItDescendsRises) {
  for (const std::string network : {"logistic", "mlp"}) {
    for (const std::int64_t epochs : {1, 4}) {
      EXPECT_TRUE(warnings_at(0.05, epochs, network).empty()) << network << epochs;
      // What rises is what is descended: minus the loss falls.
      EXPECT_TRUE(warnings_at(0.05, epochs, network, -1).empty()) << network << epochs;
    }
  }
  const std::vector<std::string> wild = warnings_at(300, 4, "mlp");
  ASSERT_EQ(wild.size(), 1u);
  EXPECT_EQ(wild.front().find("the loss that its steps descend rose from "), 0u) << wild.front();
}

// Looking at the loss changes no bit.
TEST(Descent, WarnsWithoutChangingSteps) {
  const auto data = make_dataset(60, 4, 3);
  const auto end = [&](bool watches) {
    Model model = make_model("mlp", "{hidden: [5]}", *data);
    Generator draw(1);
    model.initialise(draw);
    Context context(0);
    if (watches) context.warn = [](const std::string&) {};
    Descent descent(model, recipe_of(3, 10), context);
    BatchStream batches = descent.batches(all_of(data));
    while (descent.next_epoch()) {
      for (const Batch& batch : batches) descent.step(descent.loss(batch));
    }
    return std::pair(model.theta().clone(), context.cost.sample_gradients());
  };
  EXPECT_TRUE(end(true).first.equal(end(false).first));
  EXPECT_EQ(end(true).second, end(false).second);
}

TEST(Descent, RefusesWhatItCannotDo) {
  const auto data = make_dataset(20, 4, 3);
  Model model = make_model("logistic", "{}", *data);
  Context context(0);
  TrainingRecipe lbfgs = recipe_of(1, 10);
  lbfgs.optimizer.name = "lbfgs";
  EXPECT_THROW(Descent(model, lbfgs, context), Error);
  EXPECT_THROW(Descent(model, recipe_of(1, 10), context, {.movable = at::ones({3}, at::kBool)}),
               Error);
}

}  // namespace
}  // namespace oubli
