#include "core/attribution/training_adjoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/attribution.h"
#include "tests/support/expect_error.h"

namespace oubli {
namespace {

struct AdjointCase {
  std::string name, architecture, settings;
  double momentum = 0, l2 = 0;
};

class TrainingAdjoint : public ::testing::TestWithParam<AdjointCase> {
 protected:
  testing::AttributionProblem problem_{GetParam().architecture, GetParam().settings,
                                       GetParam().momentum, GetParam().l2};

  // Test losses after the same training with a part of example 0 left out of its batches' means,
  // and the regulariser's total strength kept, to first order.
  Tensor losses_without(double part) const {
    Model model = problem_.model.clone();
    TrainingRecipe recipe = problem_.task.recipe;
    recipe.objective.l2 *= 1 + part / 39;
    Context context(problem_.task.training.seed());
    Generator initialisation = context.generator.stream("initialisation");
    model.initialise(initialisation);
    Descent descent(model, recipe, context);
    BatchStream batches = descent.batches(problem_.task.train);
    while (descent.next_epoch()) {
      for (Batch batch : batches) {
        Tensor weights = at::ones({batch.size()}, at::kDouble);
        const auto b = static_cast<double>(batch.size());
        weights.masked_fill_(batch.rows.eq(0), 1 - part * b / (b - 1));
        batch.weights = weights / weights.mean();
        descent.step_along(descent.gradient(descent.loss(batch)));
      }
    }
    return problem_.test_losses(model);
  }
};

TEST_P(TrainingAdjoint, IsTheDerivativeOfTrainingInAnExamplesWeight) {
  Model model = problem_.model.clone();
  Context context(0);
  const Tensor effect = training_adjoint(model, problem_.task.train, problem_.task.tests,
                                         problem_.task.recipe, problem_.task.training, context);
  const double h = 1e-4;
  const Tensor by_difference = (losses_without(h) - losses_without(-h)) / (2 * h);
  EXPECT_GT(by_difference.abs().max().item<double>(), 1e-3);
  EXPECT_LT(testing::largest_difference(effect[0], by_difference), 1e-7);
}

INSTANTIATE_TEST_SUITE_P(
    Networks, TrainingAdjoint,
    ::testing::Values(AdjointCase{"logistic", "logistic", "{}"},
                      AdjointCase{"logistic_momentum_l2", "logistic", "{}", 0.9, 0.1},
                      AdjointCase{"mlp", "mlp", "{hidden: [6], activation: tanh}"},
                      AdjointCase{"mlp_momentum_l2", "mlp", "{hidden: [6], activation: tanh}", 0.9,
                                  0.1}),
    [](const auto& test) { return test.param.name; });

TEST(TrainingAdjointOf, AStopGivesNothing) {
  const testing::AttributionProblem problem;
  Model model = problem.model.clone();
  Context context(0);
  context.budget = 200;  // training takes 160
  EXPECT_FALSE(training_adjoint(model, problem.task.train, problem.task.tests, problem.task.recipe,
                                problem.task.training, context)
                   .defined());
}

TEST(TrainingAdjointOf, StepsThatItCannotGoBackThroughAreNamed) {
  testing::AttributionProblem problem;
  const auto adjoint = [&] {
    Model model = problem.model.clone();
    Context context(0);
    context.memory = 1000;
    training_adjoint(model, problem.task.train, problem.task.tests, problem.task.recipe,
                     problem.task.training, context);
  };
  EXPECT_ERROR(ErrorKind::kUsage, adjoint(),
               ::testing::HasSubstr("the record of 24 steps of 15 parameters"));
  problem.task.recipe.clip_norm = 1;
  EXPECT_ERROR(ErrorKind::kTask, adjoint(), ::testing::HasSubstr("gradients are clipped"));
  problem.task.recipe.clip_norm = 0;
  problem.task.recipe.optimizer.name = "adam";
  EXPECT_ERROR(ErrorKind::kTask, adjoint(), ::testing::HasSubstr("the optimiser is adam"));
}

}  // namespace
}  // namespace oubli
