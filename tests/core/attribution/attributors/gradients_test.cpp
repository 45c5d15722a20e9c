// Attributors that are made of gradients, against gradients that are written out.
#include <gtest/gtest.h>

#include "tests/support/attribution.h"
#include "tests/support/curvature.h"

namespace oubli {
namespace {

struct Gradients {
  Tensor train, tests;  // [n, dim]
  explicit Gradients(const testing::AttributionProblem& problem)
      : train(testing::dense_gradients(problem.model, problem.task.train, problem.task.loss())),
        tests(testing::dense_gradients(problem.model, problem.task.tests, problem.task.loss())) {}
};

TEST(GradientDot, IsTheProductOfGradients) {
  const testing::AttributionProblem problem("mlp", "hidden: [5]");
  const Gradients g(problem);
  EXPECT_LT(testing::largest_difference(problem.attribute("gradient_dot").effect,
                                        at::mm(g.train, g.tests.t())),
            1e-12);
}

TEST(GradientCosine, IsTheProductOfDirections) {
  const testing::AttributionProblem problem("mlp", "hidden: [5]");
  const Gradients g(problem);
  const auto direction = [](const Tensor& rows) { return rows / rows.norm(2, 1, true); };
  EXPECT_LT(testing::largest_difference(problem.attribute("gradient_cosine").effect,
                                        at::mm(direction(g.train), direction(g.tests).t())),
            1e-12);
}

TEST(Tracin, AtTheEndAloneIsTheProductTimesTheStepsOfAllEpochs) {
  const testing::AttributionProblem problem("mlp", "hidden: [5]", /*momentum=*/0.5);
  const Gradients g(problem);
  // 4 epochs of steps of 0.2 / 7, twice as long with the momentum.
  const double length = 4 * 0.2 / 7 * 2;
  EXPECT_LT(testing::largest_difference(problem.attribute("tracin", "checkpoints: 1").effect,
                                        length * at::mm(g.train, g.tests.t())),
            1e-12);
}

TEST(Tracin, LooksAtEveryEpochsEnd) {
  const testing::AttributionProblem problem;
  Tensor sum = at::zeros({40, 5}, at::kDouble);
  for (std::int64_t epochs = 1; epochs <= 4; ++epochs) {
    testing::AttributionProblem shorter;
    shorter.task.recipe.epochs = epochs;
    Context context(shorter.task.training.seed());
    train_from_start(shorter.model, shorter.task.train, shorter.task.recipe, context);
    const Gradients g(shorter);
    sum.add_(at::mm(g.train, g.tests.t()), 0.2 / 7);
  }
  const Attribution found = problem.attribute("tracin", "checkpoints: 100");
  EXPECT_EQ(found.details.at("checkpoints"), 4);
  EXPECT_LT(testing::largest_difference(found.effect, sum), 1e-12);
}

// With as many dimensions as parameters the projection drops out.
TEST(Trak, IsTheStepOfLogisticRegressionOnTheGradientsOfMargins) {
  const testing::AttributionProblem problem;
  const Gradients g(problem);
  const auto doubt = [&](const Subset& subset) {
    const Batch all = subset.batch(0, subset.size(), at::kDouble);
    const Tensor p = problem.model.forward(all.inputs).detach().softmax(1);
    return 1 - p.gather(1, all.targets.unsqueeze(1));  // [n, 1]
  };
  // d f = - d l / (1 - p); softmax regression has 15 parameters, of which 5 do nothing.
  const Tensor q_train = doubt(problem.task.train), q_tests = doubt(problem.task.tests);
  const Tensor f_train = -g.train / q_train, f_tests = -g.tests / q_tests;
  const Tensor gram = at::mm(f_train.t(), f_train);
  const double mu = 1e-3;
  Generator draws = Generator(3).stream("projection");
  const Tensor p = draws.normal({15, 15}, at::kDouble);
  Tensor projected = at::mm(at::mm(p.t(), gram), p);
  projected.diagonal().add_(mu * projected.diagonal().mean().item<double>());
  const Tensor solved = at::linalg_solve(projected, at::mm(f_tests, p).t());
  const Tensor expected = at::mm(at::mm(f_train, p), solved) * q_train * q_tests.t();
  const Attribution found = problem.attribute("trak", "{dimension: 15, regularisation: 1.0e-3}");
  EXPECT_LT(testing::largest_difference(found.effect, expected), 1e-9);
}

TEST(Trak, SaysWhereItsGramMatrixCannotBeInverted) {
  const testing::AttributionProblem problem;
  EXPECT_NE(problem.attribute("trak", "dimension: 200").refusal, "");
}

}  // namespace
}  // namespace oubli
