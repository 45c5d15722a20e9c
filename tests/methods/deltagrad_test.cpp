#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "core/train/batch_gradient.h"
#include "tests/support/expect_error.h"
#include "tests/support/recorded_training.h"

namespace oubli {
namespace {

using testing::digits;
using testing::distance;
using ::testing::HasSubstr;
using testing::make_dataset;
using testing::recorded;
using testing::Recorded;
using testing::run_method;

TrainingRecipe recipe_of(std::int64_t batch, std::int64_t epochs, double lr, double l2) {
  TrainingRecipe recipe;
  recipe.objective = {LossKind::kCrossEntropy, l2};
  recipe.optimizer = {.name = "sgd", .lr = lr};
  recipe.epochs = epochs;
  recipe.batch_size = batch;
  return recipe;
}

// Retraining in training's own arithmetic, the same bits: each batch less what is removed.
Tensor retrained_bits(const Recorded& original, const Tensor& removed) {
  const Trajectory trajectory = original.trajectory();
  Model model = original.model.clone();
  model.set_theta(trajectory.thetas[0]);
  TrainingRecipe recipe = original.task.recipe;
  recipe.schedule = {};
  for (std::int64_t t = 0; t < trajectory.steps(); ++t) {
    const Tensor rows = trajectory.batches()[static_cast<std::size_t>(t)];
    const Tensor left = rows.masked_select(is_among(rows, removed).logical_not());
    if (left.numel() == 0) continue;
    recipe.optimizer.lr = trajectory.rate(t);
    Context context(0);
    Descent descent(model, recipe, context);
    descent.step(
        descent.loss(original.task.train.with_rows(left).batch(0, left.numel(), model.dtype())));
  }
  return model.theta().detach().clone();
}

UnlearnReport run(const std::string& settings, const Recorded& original, Model& model) {
  return run_method("deltagrad", settings, model, original.task);
}

TEST(DeltaGrad, WithPeriodOneItIsRetrainingBitForBit) {
  const Subset train = testing::all_of(make_dataset(60, 4, 3));
  for (const at::ScalarType dtype : {at::kDouble, at::kFloat}) {
    TrainingRecipe recipe = recipe_of(8, 4, 0.2, 0.01);
    recipe.schedule.name = "cosine";
    Recorded original = recorded("deltagrad", "{}", "mlp", "{hidden: [6]}", train, recipe, dtype);
    original.forget(train.rows.narrow(0, 10, 15));
    Model model = original.model.clone();
    run("{period: 1}", original, model);
    EXPECT_TRUE(model.theta().equal(retrained_bits(original, original.task.forget.rows)));
    EXPECT_FALSE(model.theta().equal(original.model.theta()));
  }
}

// Every batch as it was: with and without explicit steps.
TEST(DeltaGrad, WithNothingToForgetTheOriginalComesOut) {
  const Subset train = testing::all_of(make_dataset(60, 4, 3));
  Recorded original = recorded("deltagrad", "{}", "mlp", "{hidden: [6]}", train,
                               recipe_of(8, 4, 0.2, 0.01), at::kFloat);
  // Rows that no batch held are replayed as nothing, step by step.
  const Trajectory trajectory = original.trajectory();
  original.task.forget = train.with_rows(at::full({1}, 59));
  Trajectory without = trajectory;
  without.rows = at::where(trajectory.rows.eq(59), 58, trajectory.rows);
  const auto record = std::make_shared<const MethodState>(without.to_state());
  original.task.record = [record] { return record; };
  Model model = original.model.clone();
  const UnlearnReport report = run("{period: 1000, burn_in: 0}", original, model);
  EXPECT_TRUE(model.theta().equal(original.model.theta()));
  EXPECT_EQ(report.details.at("explicit_steps"), 1);
  EXPECT_EQ(report.status, UnlearnStatus::kUnchanged);
  original.forget(at::empty({0}, at::kLong));
  EXPECT_EQ(run("{}", original, model).status, UnlearnStatus::kUnchanged);
}

// The replay with B = 0.
Tensor without_hessian(const Recorded& original) {
  const Trajectory trajectory = original.trajectory();
  const Subset& forgotten = original.task.forget;
  std::int64_t t = 0;
  return testing::follow(original, [&](const Model& model, const Tensor& rows) {
    const auto b = static_cast<double>(rows.numel());
    const Tensor gone = rows.masked_select(is_among(rows, forgotten.rows));
    const auto r = static_cast<double>(gone.numel());
    Tensor sum = b * trajectory.gradients[t++];
    if (r > 0) {
      sum = sum -
            r * testing::mean_gradient(model, forgotten.with_rows(gone), original.task.objective());
    }
    return sum / (b - r);
  });
}

// Logistic regression, period 5: a tenth of the distance or less, at less than half the cost.
TEST(DeltaGrad, ComesNearRetrainingAtLessThanHalfItsCost) {
  const Subset train = digits(1000);
  Recorded original =
      recorded("deltagrad", "{}", "logistic", "{}", train, recipe_of(500, 150, 0.5, 1e-3));
  double last = 1e9;
  for (const std::int64_t removed : {100, 10, 1}) {
    original.forget(train.rows.narrow(0, 200, removed));
    const Tensor target = testing::retrained(original, original.task.forget.rows);
    const double nothing = distance(original.model.theta(), target);
    Model model = original.model.clone();
    const UnlearnReport report = run("{}", original, model);
    const double left = distance(model.theta(), target) / nothing;
    const double cost = report.sample_gradients / (1000.0 * 150);
    // 0.04, 0.03, 0.03: how far the L-BFGS Hessian is from the Hessian does not depend on the rows.
    EXPECT_LT(left, 0.1) << removed;
    EXPECT_LT(left * nothing, last);
    last = left * nothing;
    // With the recorded gradients as they are, corrected for the removed rows alone.
    EXPECT_LT(left, 0.2 * distance(without_hessian(original), target) / nothing);
    EXPECT_LT(cost, 0.5);
    // About 1/5, the 16 steps of the burn-in that are not among those, and what is removed.
    EXPECT_NEAR(cost, 0.2 + 17.0 / 300 + 0.8 * static_cast<double>(removed) / 1000, 0.02);
  }
}

TEST(DeltaGrad, CostsLessTheRarerItsExplicitSteps) {
  const Subset train = digits(500);
  Recorded original =
      recorded("deltagrad", "{}", "logistic", "{}", train, recipe_of(500, 100, 0.5, 1e-3));
  original.forget(train.rows.narrow(0, 0, 5));
  const Tensor target = testing::retrained(original, original.task.forget.rows);
  double last_cost = 1e9, last_distance = 0;
  for (const int period : {1, 2, 5, 10}) {
    Model model = original.model.clone();
    const UnlearnReport report =
        run("{burn_in: 10, period: " + std::to_string(period) + "}", original, model);
    const auto exact = static_cast<int>(89 / period);
    EXPECT_EQ(report.details.at("explicit_steps"), 11 + exact);
    EXPECT_EQ(report.sample_gradients, 500.0 * (11 + exact) + 5.0 * (89 - exact));
    EXPECT_LT(report.sample_gradients, last_cost);
    EXPECT_GE(distance(model.theta(), target), last_distance);
    last_cost = report.sample_gradients;
    last_distance = distance(model.theta(), target);
  }
}

// With full batches an added example has one place to go to.
TEST(DeltaGrad, AddsAndRemoves) {
  const Subset all = testing::all_of(make_dataset(60, 4, 3));
  const Subset train = testing::first_rows(all, 0, 50);
  Recorded original =
      recorded("deltagrad", "{}", "logistic", "{}", train, recipe_of(100, 60, 0.5, 0.01));
  original.forget(train.rows.narrow(0, 0, 4));
  original.task.added = testing::first_rows(all, 50, 10);
  original.task.retain = train.with_rows(at::arange(4, 60));
  const Tensor target = testing::follow(original, [&](const Model& model, const Tensor&) {
    return testing::mean_gradient(model, original.task.retain, original.task.objective());
  });
  Model model = original.model.clone();
  run("{period: 1}", original, model);
  EXPECT_LT(distance(model.theta(), target), 1e-12);
  model.set_theta(original.model.theta());
  run("{burn_in: 5, period: 3}", original, model);
  EXPECT_LT(distance(model.theta(), target), 0.1 * distance(original.model.theta(), target));
  // In small batches each epoch has them once.
  Recorded small = recorded("deltagrad", "{}", "logistic", "{}", train, recipe_of(8, 3, 0.5, 0.01));
  small.task.added = original.task.added;
  Model edited = small.model.clone();
  const Trajectory after = Trajectory::of(*run_method("deltagrad", "{}", edited, small.task).state);
  EXPECT_EQ(after.rows.ge(50).sum().item<std::int64_t>(), 3 * 10);
  EXPECT_EQ(after.sizes.sum().item<std::int64_t>(), 3 * 60);
}

// The second request goes on from the corrected trajectory: with exact steps, to where one request
// for both would have gone, bit for bit.
TEST(DeltaGrad, GoesOnFromTheCorrectedTrajectory) {
  const Subset train = testing::all_of(make_dataset(60, 4, 3));
  Recorded original =
      recorded("deltagrad", "{}", "mlp", "{hidden: [6]}", train, recipe_of(10, 4, 0.2, 0.01));
  const Tensor both = retrained_bits(original, train.rows.narrow(0, 3, 12));
  Model model = original.model.clone();
  original.forget(train.rows.narrow(0, 3, 5));
  const UnlearnReport first = run("{period: 1}", original, model);
  const Trajectory corrected = Trajectory::of(*first.state);
  EXPECT_TRUE(corrected.thetas[corrected.steps()].equal(model.theta()));
  EXPECT_FALSE(is_among(corrected.rows, original.task.forget.rows).any().item<bool>());
  original.go_on(first);
  original.forget(train.rows.narrow(0, 8, 7));
  run("{period: 1}", original, model);
  EXPECT_TRUE(model.theta().equal(both));
}

TEST(DeltaGrad, ComesNearRetrainingInASequence) {
  const Subset train = digits(500);
  Recorded original =
      recorded("deltagrad", "{}", "logistic", "{}", train, recipe_of(500, 100, 0.5, 1e-3));
  const Tensor target = testing::retrained(original, train.rows.narrow(0, 0, 10));
  Model model = original.model.clone();
  for (const std::int64_t request : {0, 1, 2, 3, 4}) {
    original.forget(train.rows.narrow(0, 2 * request, 2));
    original.go_on(run("{burn_in: 10}", original, model));
  }
  const double left = distance(model.theta(), target) / distance(original.model.theta(), target);
  EXPECT_LT(left, 0.1);  // 0.03
}

// Without the state a second request would replay what was removed along.
TEST(DeltaGrad, RefusesAModelThatTheTrajectoryDoesNotEndAt) {
  const Subset train = testing::all_of(make_dataset(60, 4, 3));
  Recorded original =
      recorded("deltagrad", "{}", "logistic", "{}", train, recipe_of(10, 4, 0.2, 0.01));
  Model model = original.model.clone();
  original.forget(train.rows.narrow(0, 3, 5));
  const UnlearnReport first = run("{keep: false}", original, model);
  EXPECT_EQ(first.state, nullptr);
  original.go_on(first);
  original.forget(train.rows.narrow(0, 8, 5));
  EXPECT_ERROR(ErrorKind::kTask, run("{keep: false}", original, model), HasSubstr("keep: true"));
}

// Where the loss curves downwards a pair says nothing, and steps are taken in full.
TEST(DeltaGrad, FallsBackWhereThereIsNoPair) {
  auto data = std::make_shared<Dataset>(*make_dataset(40, 3, 0));
  const Subset train = testing::all_of(data);
  TrainingRecipe recipe = recipe_of(40, 30, 0.3, 0);
  recipe.objective.loss = LossKind::kSquaredError;
  Recorded original =
      recorded("deltagrad", "{}", "mlp", "{hidden: [4], activation: tanh}", train, recipe);
  original.forget(train.rows.narrow(0, 0, 4));
  Model model = original.model.clone();
  // The first step has v = 0 and gives no pair; the next ones have none to go by.
  const UnlearnReport report = run("{burn_in: 0, period: 1000}", original, model);
  EXPECT_EQ(report.details.at("fallbacks").get<int>() +
                report.details.at("approximate_steps").get<int>() + 1,
            30);
  EXPECT_GE(report.details.at("fallbacks"), 1);
  EXPECT_EQ(report.details.at("explicit_steps").get<int>(),
            1 + report.details.at("fallbacks").get<int>());
}

TEST(DeltaGrad, SaysWhatItCannotReplay) {
  TrainingRecipe recipe = recipe_of(8, 2, 0.1, 0);
  recipe.optimizer.momentum = 0.5;
  EXPECT_ERROR(ErrorKind::kSettings,
               testing::unlearner_of("deltagrad", "{}")->training_plan({recipe}),
               ::testing::AllOf(HasSubstr("momentum of 0.5"), HasSubstr("momentum: 0")));
  recipe.optimizer = {.name = "adam"};
  EXPECT_ERROR(ErrorKind::kSettings,
               testing::unlearner_of("deltagrad", "{}")->training_plan({recipe}),
               HasSubstr("name: sgd"));
  const Subset pictures = testing::all_of(testing::make_images(20, 1, 8, 3));
  Recorded mixed = recorded("deltagrad", "{}", "convnet", "{channels: [4], norm: batch}", pictures,
                            recipe_of(8, 2, 0.1, 0));
  mixed.forget(pictures.rows.narrow(0, 0, 3));
  EXPECT_ERROR(ErrorKind::kTask, run("{}", mixed, mixed.model), HasSubstr("norm: group"));
}

}  // namespace
}  // namespace oubli
