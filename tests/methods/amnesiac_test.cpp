#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/recorded_training.h"

namespace oubli {
namespace {

using testing::distance;
using ::testing::HasSubstr;
using testing::make_dataset;
using testing::recorded;
using testing::Recorded;
using testing::run_method;

TrainingRecipe recipe_of(std::int64_t batch, std::int64_t epochs) {
  TrainingRecipe recipe;
  recipe.objective = {LossKind::kCrossEntropy, 0.01};
  recipe.optimizer = {.name = "sgd", .lr = 0.2};
  recipe.epochs = epochs;
  recipe.batch_size = batch;
  return recipe;
}

Tensor batch_of(const Recorded& original, std::int64_t step) {
  return std::get<0>(original.trajectory().batches()[static_cast<std::size_t>(step)].sort());
}

Recorded one_epoch(at::ScalarType dtype, const OptimizerSettings& optimizer) {
  const Subset train = testing::all_of(make_dataset(60, 4, 3));
  TrainingRecipe recipe = recipe_of(10, 1);
  recipe.optimizer = optimizer;
  return recorded("amnesiac", "{}", "mlp", "{hidden: [6]}", train, recipe, dtype);
}

// Whatever the optimiser made its step of.
TEST(Amnesiac, RewindsTheLastBatchExactly) {
  for (const OptimizerSettings& optimizer :
       {OptimizerSettings{.name = "sgd", .lr = 0.2},
        OptimizerSettings{.name = "sgd", .lr = 0.2, .momentum = 0.9},
        OptimizerSettings{.name = "adam", .lr = 0.01}}) {
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
      Recorded original = one_epoch(dtype, optimizer);
      const Trajectory trajectory = original.trajectory();
      ASSERT_EQ(trajectory.steps(), 6);
      original.forget(batch_of(original, 5));
      run_method("amnesiac", "{epochs: 0}", original.model, original.task);
      const Tensor before = trajectory.thetas[5], theta = original.model.theta().detach();
      EXPECT_FALSE(before.equal(trajectory.thetas[6]));
      if (dtype == at::kFloat) {
        EXPECT_TRUE(theta.equal(before));
      } else {
        // One unit in the last place, of the larger of the two.
        const Tensor unit = at::max(before.abs(), trajectory.thetas[6].abs()) * 2.3e-16;
        EXPECT_TRUE((theta - before).abs().le(unit).all().item<bool>());
      }
    }
  }
}

TEST(Amnesiac, TakesBackAllBatchesWithAForgottenRowAndNoOther) {
  const Subset train = testing::all_of(make_dataset(60, 4, 3));
  Recorded original = recorded("amnesiac", "{}", "logistic", "{}", train, recipe_of(10, 3));
  original.forget(train.rows.narrow(0, 17, 2));
  const Trajectory trajectory = original.trajectory();
  Tensor expected = original.model.theta().detach().clone();
  int taken = 0;
  for (std::int64_t t = 0; t < trajectory.steps(); ++t) {
    const Tensor rows = trajectory.batches()[static_cast<std::size_t>(t)];
    if (!(rows.eq(17) | rows.eq(18)).any().item<bool>()) continue;
    ++taken;
    expected -= trajectory.thetas[t + 1] - trajectory.thetas[t];
  }
  const UnlearnReport report = run_method("amnesiac", "{epochs: 0}", original.model, original.task);
  EXPECT_LT(distance(original.model.theta(), expected), 1e-14);
  EXPECT_EQ(report.details.at("taken_back"), taken);
  EXPECT_EQ(report.details.at("batches"), 18);
  EXPECT_GT(taken, 2);
  EXPECT_LT(taken, 7);
}

// All batches: what is left is where training started.
TEST(Amnesiac, WithoutAnyBatchItIsTheStart) {
  Recorded original = one_epoch(at::kFloat, {.name = "sgd", .lr = 0.2});
  original.forget(at::arange(0, 59));
  run_method("amnesiac", "{epochs: 0}", original.model, original.task);
  EXPECT_TRUE(original.model.theta().equal(original.trajectory().thetas[0]));
}

TEST(Amnesiac, RepairsOnWhatRemains) {
  const Subset train = testing::all_of(make_dataset(60, 4, 3));
  Recorded original = recorded("amnesiac", "{}", "logistic", "{}", train, recipe_of(10, 3));
  original.forget(train.rows.narrow(0, 17, 2));
  Model repaired = original.model.clone(), by_hand = original.model.clone();
  const UnlearnReport report =
      run_method("amnesiac", "{epochs: 2, lr: 0.1}", repaired, original.task, 9);
  run_method("amnesiac", "{epochs: 0}", by_hand, original.task, 9);
  run_method("finetune", "{epochs: 2, lr: 0.1}", by_hand, original.task, 9);
  EXPECT_TRUE(repaired.theta().equal(by_hand.theta()));
  EXPECT_EQ(report.sample_gradients, 2 * 58);
}

TEST(Amnesiac, TakesNoBatchBackTwice) {
  const Subset train = testing::all_of(make_dataset(60, 4, 3));
  Recorded original = recorded("amnesiac", "{}", "logistic", "{}", train, recipe_of(10, 3));
  original.forget(train.rows.narrow(0, 17, 3));
  Model at_once = original.model.clone(), one_by_one = original.model.clone();
  const UnlearnReport whole = run_method("amnesiac", "{epochs: 0}", at_once, original.task);
  int taken = 0;
  for (const int row : {17, 18, 19}) {
    original.forget(at::full({1}, row));
    const UnlearnReport report = run_method("amnesiac", "{epochs: 0}", one_by_one, original.task);
    EXPECT_EQ(report.details.at("taken_back_before"), taken);
    taken += report.details.at("taken_back").get<int>();
    original.go_on(report);
  }
  EXPECT_EQ(whole.details.at("taken_back"), taken);
  EXPECT_LT(taken, 9);  // some batch held two of them
  EXPECT_LT(distance(one_by_one.theta(), at_once.theta()), 1e-14);
}

TEST(Amnesiac, NeedsBatchesAndARecord) {
  TrainingRecipe recipe = recipe_of(10, 1);
  recipe.optimizer = {.name = "lbfgs"};
  EXPECT_ERROR(ErrorKind::kSettings,
               testing::unlearner_of("amnesiac", "{}")->training_plan({recipe}),
               ::testing::AllOf(HasSubstr("test.yaml"), HasSubstr("optimizer: {name: sgd")));
  Recorded original = one_epoch(at::kDouble, {.name = "sgd", .lr = 0.2});
  original.forget(at::arange(0, 3));
  original.task.record = {};
  EXPECT_ERROR(ErrorKind::kTask, run_method("amnesiac", "{}", original.model, original.task),
               HasSubstr("there is nothing"));
}

}  // namespace
}  // namespace oubli
