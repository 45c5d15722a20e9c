#include "core/unlearn/influence_scores.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::minimise;
using testing::removal_task;

constexpr double kScoresL2 = 0.01;
constexpr std::int64_t kTrain = 300;

// Logistic regression on the first kTrain examples; the rest is for testing.
struct Problem {
  std::shared_ptr<const Dataset> data = make_dataset(kTrain + 5, 4, 3);
  Task task = removal_task(data, 0, kScoresL2);
  Model model = make_model("logistic", "{}", *data);
  Subset test{data, at::arange(kTrain, kTrain + 1), {}};

  Problem() {
    task.train = {data, at::arange(kTrain), {}};
    minimise(model, task.train, task);
  }

  double test_loss(const Model& at_model) const {
    CostMeter cost;
    return value_only(at_model, test, {LossKind::kCrossEntropy, 0}, cost).loss;
  }

  // The test loss after training with example i at weight 1 - removed, the regulariser's total
  // strength kept.
  double loss_without(std::int64_t i, double removed) const {
    Subset subset = task.train;
    subset.weights = at::ones({kTrain}, at::kDouble);
    subset.weights[i] = 1 - removed;
    Task changed = task;
    changed.recipe.objective.l2 = kScoresL2 * kTrain / (kTrain - removed);
    Model other = model.clone();
    minimise(other, subset, changed);
    return test_loss(other);
  }

  InfluenceScores scores() const {
    CurvatureSolveSettings settings;
    settings.curvature.kind = CurvatureKind::kHessian;
    settings.damping = 0;
    settings.limits = {1e-12, 500};
    Context context(0);
    return influence_scores(model, task.train, test, task.objective(), settings, context);
  }
};

TEST(InfluenceScores, AreTheDerivativeOfRetrainingInOneExamplesWeight) {
  const Problem problem;
  const InfluenceScores scores = problem.scores();
  ASSERT_EQ(scores.effect.numel(), kTrain);
  for (const std::int64_t i : {0, 7, 31}) {
    const double step = 1e-3;
    const double slope =
        (problem.loss_without(i, step) - problem.loss_without(i, -step)) / (2 * step);
    EXPECT_NEAR(scores.effect[i].item<double>(), slope, 1e-6 + 1e-4 * std::abs(slope));
  }
}

TEST(InfluenceScores, PredictLeavingOneOut) {
  const Problem problem;
  const Tensor predicted = problem.scores().effect;
  // The examples that matter most and some that hardly do.
  const Tensor order = predicted.abs().argsort(/*dim=*/0, /*descending=*/true);
  const Tensor chosen = at::cat({order.narrow(0, 0, 30), order.narrow(0, 200, 10)});
  Tensor actual = at::zeros({chosen.numel()}, at::kDouble);
  const double before = problem.test_loss(problem.model);
  for (std::int64_t i = 0; i < chosen.numel(); ++i) {
    actual[i] = problem.loss_without(chosen[i].item<std::int64_t>(), 1) - before;
  }
  const Tensor expected = predicted.index_select(0, chosen);
  const Tensor x = expected - expected.mean(), y = actual - actual.mean();
  const double r = ((x * y).sum() / (x.norm() * y.norm())).item<double>();
  const double slope = ((x * y).sum() / (x * x).sum()).item<double>();
  EXPECT_GT(r, 0.99);
  EXPECT_GT(slope, 0.9);
  EXPECT_LT(slope, 1.25);  // above 1 by 1 / (1 - leverage)
}

}  // namespace
}  // namespace oubli
