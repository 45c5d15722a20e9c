#include "core/solve/damped_solve.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/problems.h"

namespace oubli {
namespace {

using testing::all_of;
using testing::make_dataset;
using testing::make_model;

TEST(DampedSolve, UsesTheDampingThatWasAskedFor) {
  const auto data = make_dataset(50, 4, 3);
  const Subset subset = all_of(data);
  const Model model = make_model("logistic", "{}", *data);
  const Objective objective{Loss::kCrossEntropy, 0.01};
  Context context(0);
  const Tensor b = at::ones({model.dim()}, at::kDouble);
  const CurvatureSolveSettings settings{CurvatureKind::kGgn, 0.5, {.tolerance = 1e-12}};
  const Solution solution = solve_curvature(settings, model, subset, objective, b, context);
  EXPECT_EQ(solution.report.damping, 0.5);
  const Tensor dense =
      CurvatureOperator(CurvatureKind::kGgn, model, subset, objective, context.cost).as_dense() +
      0.5 * at::eye(model.dim(), at::kDouble);
  EXPECT_LT((solution.x - at::linalg_solve(dense, b)).norm().item<double>(), 1e-10);
}

TEST(DampedSolve, AutomaticDampingIsATenthOfTheMeanEigenvalue) {
  const auto data = make_dataset(50, 4, 3);
  const Subset subset = all_of(data);
  const Model model = make_model("logistic", "{}", *data);
  const Objective objective{Loss::kCrossEntropy, 0.01};
  Context context(0);
  const Solution solution =
      solve_curvature({}, model, subset, objective, at::ones({model.dim()}, at::kDouble), context);
  const Tensor dense =
      CurvatureOperator(CurvatureKind::kGgn, model, subset, objective, context.cost).as_dense();
  const double mean = dense.trace().item<double>() / static_cast<double>(model.dim());
  EXPECT_NEAR(solution.report.damping, 0.1 * mean, 0.05 * mean);
}

TEST(DampedSolve, RaisesTheDampingPastNegativeCurvature) {
  const auto data = make_dataset(50, 4, 3);
  const Subset subset = all_of(data);
  const Model model = make_model("mlp", "{hidden: [6], activation: tanh}", *data);
  const Objective objective{Loss::kCrossEntropy, 0};
  Context context(0);
  const Tensor dense =
      CurvatureOperator(CurvatureKind::kHessian, model, subset, objective, context.cost).as_dense();
  const double lowest = at::linalg_eigvalsh(dense).min().item<double>();
  ASSERT_LT(lowest, 0) << "the test needs an indefinite Hessian";
  const CurvatureSolveSettings settings{CurvatureKind::kHessian, 0.0, {.tolerance = 1e-8}};
  Generator generator(1);
  const Solution solution = solve_curvature(settings, model, subset, objective,
                                            generator.normal({model.dim()}, at::kDouble), context);
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged) << solution.report.message;
  EXPECT_GT(solution.report.damping, 0);
}

}  // namespace
}  // namespace oubli
