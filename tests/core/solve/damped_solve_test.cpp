#include "core/solve/damped_solve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/solve/preconditioner.h"
#include "tests/support/expect_error.h"
#include "tests/support/numbers.h"
#include "tests/support/operators.h"

namespace oubli {
namespace {

using testing::CountingOperator;
using ::testing::HasSubstr;
using testing::log_spaced;
using testing::matrix_with;
using testing::random;
using Policy = NegativeCurvaturePolicy;

Tensor indefinite() {
  return matrix_with(at::cat({log_spaced(0.1, 3, 18), at::tensor({-0.5, -0.2}, at::kDouble)}));
}

const Generator& generator() {
  static const Generator g(7);
  return g;
}

TEST(DampedSolve, AutoIsEnoughForAnIndefiniteMatrix) {
  const CountingOperator matrix(indefinite(), std::nullopt, 2);
  const Tensor b = random({20, 3});
  const Solution solution = solve_damped({.matrix = matrix, .b = b, .generator = &generator()}, {},
                                         *make_solver("cg", {.tolerance = 1e-10}));
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged) << solution.report.message;
  EXPECT_NEAR(solution.report.damping, 0.55, 1e-6);
  EXPECT_THAT(solution.report.damping_note, HasSubstr("most negative"));
  const Tensor damped = indefinite() + solution.report.damping * at::eye(20, at::kDouble);
  EXPECT_LT((damped.mm(solution.x) - b).norm().item<double>(), 1e-9);
  EXPECT_EQ(solution.report.products, matrix.columns());
  EXPECT_EQ(solution.report.sample_gradients, 2.0 * static_cast<double>(matrix.columns()));
}

TEST(DampedSolve, RaisesTheDampingUntilItSolves) {
  for (const double damping : {0.0, 0.01, 0.4}) {
    const CountingOperator matrix(indefinite());
    const Solution solution = solve_damped({.matrix = matrix, .b = random({20})},
                                           {.damping = damping}, *make_solver("cg"));
    EXPECT_EQ(solution.report.status, SolveStatus::kConverged) << solution.report.message;
    EXPECT_GT(solution.report.damping, 0.5);
    EXPECT_THAT(solution.report.damping_note, HasSubstr("raised"));
    EXPECT_EQ(solution.report.products, matrix.columns()) << "each start counts";
  }
}

TEST(DampedSolve, DampingIsLeftAloneWhereItIsEnough) {
  const CountingOperator matrix(indefinite());
  const Solution solution =
      solve_damped({.matrix = matrix, .b = random({20})}, {.damping = 0.7}, *make_solver("cg"));
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged);
  EXPECT_EQ(solution.report.damping, 0.7);
}

TEST(DampedSolve, TheZeroMatrixGetsDampingToo) {
  const CountingOperator matrix(at::zeros({4, 4}, at::kDouble));
  const Solution solution = solve_damped({.matrix = matrix, .b = at::ones({4}, at::kDouble)},
                                         {.damping = 0.0}, *make_solver("cg"));
  EXPECT_GT(solution.report.damping, 0);
  EXPECT_TRUE(at::isfinite(solution.x).all().item<bool>());
}

TEST(DampedSolve, MayFail) {
  const CountingOperator matrix(indefinite());
  const Solution solution =
      solve_damped({.matrix = matrix, .b = random({20})},
                   {.damping = 0.0, .on_negative_curvature = Policy::kFail}, *make_solver("cg"));
  EXPECT_EQ(solution.report.status, SolveStatus::kNegativeCurvature);
  EXPECT_LT(*solution.report.rayleigh_quotient, 0);
  EXPECT_EQ(solution.report.products, matrix.columns());
}

TEST(DampedSolve, MaySwitchToTheGaussNewtonMatrix) {
  const CountingOperator matrix(indefinite());
  const Tensor positive = matrix_with(log_spaced(0.1, 3, 20), 9);
  const CountingOperator ggn(positive, 0.1);
  const Tensor b = random({20});
  const DampedSolveOptions options{.damping = 0.05, .on_negative_curvature = Policy::kSwitchToGgn};
  const Solution solution = solve_damped({.matrix = matrix, .b = b, .ggn = &ggn}, options,
                                         *make_solver("cg", {.tolerance = 1e-10}));
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged);
  EXPECT_EQ(solution.report.damping, 0.05);
  EXPECT_THAT(solution.report.damping_note, HasSubstr("switched"));
  const Tensor truth = at::linalg_solve(positive + 0.05 * at::eye(20, at::kDouble), b);
  EXPECT_LT((solution.x - truth).norm().item<double>(), 1e-8 * truth.norm().item<double>());
  EXPECT_EQ(solution.report.products, matrix.columns() + ggn.columns());
  EXPECT_TRUE(solution.report.error_bound_is_rigorous);
  EXPECT_ERROR(ErrorKind::kUsage,
               solve_damped({.matrix = matrix, .b = b}, options, *make_solver("cg")),
               HasSubstr("Gauss-Newton"));
}

TEST(DampedSolve, MayTruncate) {
  const DampedSolveOptions options{.damping = 0.0, .on_negative_curvature = Policy::kTruncate};
  const CountingOperator matrix(indefinite());
  const Tensor b = random({20});
  const Solution reached = solve_damped({.matrix = matrix, .b = b}, options, *make_solver("cg"));
  EXPECT_EQ(reached.report.status, SolveStatus::kNegativeCurvature);
  EXPECT_GT(reached.x.dot(b).item<double>(), 0) << "a direction of descent";
  EXPECT_EQ(reached.report.products, matrix.columns());

  // The first direction is already one: a gradient step, with its own residual.
  const CountingOperator negative(-2 * at::eye(3, at::kDouble));
  const Tensor ones = at::ones({3}, at::kDouble);
  const Solution step = solve_damped({.matrix = negative, .b = ones}, options, *make_solver("cg"));
  EXPECT_LT((step.x - 0.5 * ones).norm().item<double>(), 1e-14);
  EXPECT_NEAR(step.report.relative_residual, 2, 1e-14);
  EXPECT_THAT(step.report.message, HasSubstr("gradient step"));
  EXPECT_EQ(step.report.products, negative.columns());
}

TEST(DampedSolve, ThePreconditionerSeesTheDamping) {
  const Tensor a = log_spaced(1e-4, 1, 20).diag();
  const CountingOperator matrix(a);
  std::vector<double> dampings;
  const Solution solution =
      solve_damped({.matrix = matrix,
                    .b = random({20}),
                    .preconditioner =
                        [&](double damping) {
                          dampings.push_back(damping);
                          return jacobi_preconditioner(a.diagonal(), damping);
                        }},
                   {.damping = 0.25}, *make_solver("cg", {.tolerance = 1e-12}));
  EXPECT_EQ(dampings, std::vector<double>{0.25});
  EXPECT_EQ(solution.report.iterations, 1) << "the preconditioner is the inverse";
}

TEST(DampedSolve, AutoNeedsAGenerator) {
  const CountingOperator matrix(at::eye(3, at::kDouble));
  EXPECT_ERROR(
      ErrorKind::kUsage,
      solve_damped({.matrix = matrix, .b = at::ones({3}, at::kDouble)}, {}, *make_solver("cg")),
      HasSubstr("generator"));
}

TEST(DampedSolve, PoliciesHaveNames) {
  EXPECT_EQ(negative_curvature_policy("truncate"), Policy::kTruncate);
  EXPECT_ERROR(ErrorKind::kUsage, negative_curvature_policy("truncat"), HasSubstr("truncate"));
}

}  // namespace
}  // namespace oubli
