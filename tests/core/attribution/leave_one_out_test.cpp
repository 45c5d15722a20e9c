#include "core/attribution/leave_one_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/attribution.h"
#include "tests/support/expect_error.h"

namespace oubli {
namespace {

Model without(const testing::AttributionProblem& problem, std::int64_t position) {
  Context context(0);
  return trained_without(problem.model, problem.task.train, position, problem.task.recipe,
                         problem.task.training, context);
}

Model without_nothing(const testing::AttributionProblem& problem) {
  Model model = problem.model.clone();
  Context context(problem.task.training.seed());
  train_from_start(model, problem.task.train, problem.task.recipe, context);
  return model;
}

// The first order of it is what unrolled gives: the larger the set, the nearer.
TEST(TrainedWithout, MovesAsTheDerivativeOfTrainingSays) {
  testing::AttributionProblem problem;
  problem.task.recipe.batch_size = 20;
  problem.task.recipe.optimizer.lr = 0.5;
  problem.model = without_nothing(problem);
  const Tensor effect = problem.attribute("unrolled").effect;
  for (const std::int64_t position : {0, 17}) {
    const Tensor change =
        problem.test_losses(without(problem, position)) - problem.test_losses(problem.model);
    // Second order in 1/20, the share of a batch.
    const double cosine = (effect[position] * change).sum().item<double>() /
                          (effect[position].norm() * change.norm()).item<double>();
    EXPECT_GT(cosine, 0.99);
    EXPECT_NEAR((effect[position].norm() / change.norm()).item<double>(), 1, 0.3);
  }
}

// Steps of one example alone, which go with it, and a regulariser.
TEST(TrainedWithout, MovesAsTheDerivativeSaysInBatchesOfOne) {
  testing::AttributionProblem problem("logistic", "{}", 0, /*l2=*/0.1);
  problem.task.recipe.batch_size = 1;
  problem.task.recipe.optimizer.lr = 0.01;
  problem.model = without_nothing(problem);
  const Tensor effect = problem.attribute("unrolled").effect;
  for (const std::int64_t position : {0, 17}) {
    const Tensor change =
        problem.test_losses(without(problem, position)) - problem.test_losses(problem.model);
    EXPECT_LT((effect[position] - change).norm().item<double>(),
              0.05 * change.norm().item<double>());
  }
}

// What dropout draws for the others is what it drew: of a batch of two the step is that of the
// other alone, with its own mask.
TEST(TrainedWithout, LeavesTheDropoutOfTheOthersAlone) {
  testing::AttributionProblem problem("network", "layers: [flatten, {dropout: {p: 0.5}}, linear]");
  problem.task.train.rows = at::arange(2);
  problem.task.recipe.batch_size = 2;
  problem.task.recipe.epochs = 1;
  problem.model = without_nothing(problem);
  Model start = problem.model.clone();
  Context context(problem.task.training.seed());
  Generator initialisation = context.generator.stream("initialisation");
  start.initialise(initialisation);
  // Softmax regression: the steps of both alone add up to twice that of their mean.
  const Tensor both = problem.model.theta() - start.theta();
  const Tensor alone =
      without(problem, 0).theta() + without(problem, 1).theta() - 2 * start.theta();
  EXPECT_LT(testing::largest_difference(alone, 2 * both), 1e-14);
}

// In batches of one the example's own steps are left out and all others are as they were.
TEST(TrainedWithout, TakesTheSameBatchesWithoutTheExample) {
  testing::AttributionProblem problem;
  problem.task.recipe.batch_size = 1;
  problem.task.recipe.epochs = 1;
  Model by_hand = problem.model.clone();
  Context context(problem.task.training.seed());
  Generator initialisation = context.generator.stream("initialisation");
  by_hand.initialise(initialisation);
  Generator order = context.generator.stream("order");
  const Tensor positions = order.permutation(40);
  for (std::int64_t i = 0; i < 40; ++i) {
    const auto row = positions[i].item<std::int64_t>();
    if (row == 11) continue;
    CostMeter cost;
    const Subset one = problem.task.train.with_rows(at::full({1}, row, at::kLong));
    by_hand.add_to_theta(value_and_gradient(by_hand, one, problem.task.loss(), cost).gradient,
                         -0.2);
  }
  EXPECT_LT(testing::largest_difference(without(problem, 11).theta(), by_hand.theta()), 1e-13);
}

TEST(TrainedWithout, OfAMinimumGoesToThatWithoutTheExample) {
  testing::AttributionProblem problem;
  problem.task.recipe.optimizer.name = "lbfgs";
  problem.task.recipe.optimizer.tolerance = 1e-11;
  problem.task.recipe.objective.l2 = 0.05;
  const Model moved = without(problem, 3);
  const Subset rest = problem.task.train.with_rows(
      rows_difference(problem.task.train.rows, at::full({1}, 3, at::kLong)));
  CostMeter cost;
  const Objective kept{LossKind::kCrossEntropy, 0.05 * 40 / 39};
  EXPECT_LT(value_and_gradient(moved, rest, kept, cost).gradient.norm().item<double>(), 1e-10);
}

TEST(TrainedWithout, NeedsAnotherExample) {
  testing::AttributionProblem problem;
  problem.task.train.rows = at::arange(1);
  EXPECT_ERROR(ErrorKind::kUsage, without(problem, 0), ::testing::HasSubstr("the only example"));
}

}  // namespace
}  // namespace oubli
