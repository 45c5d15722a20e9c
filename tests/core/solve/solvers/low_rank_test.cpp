// The solvers that invert an approximation: lanczos and nystroem.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/solve/solver.h"
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
using testing::relative_error;
using testing::solver_with;

// 10 large eigenvalues over a floor of 0.1.
Tensor low_rank_and_damping() {
  return matrix_with(at::cat({log_spaced(5, 1, 10), at::zeros({90}, at::kDouble)}) + 0.1);
}

class LowRankSolver : public ::testing::TestWithParam<const char*> {};

TEST_P(LowRankSolver, IsExactOnLowRankAndDamping) {
  const Tensor a = low_rank_and_damping();
  const CountingOperator matrix(a, 0.1);
  const Tensor b = random({100, 7});
  const Generator generator(1);
  const Solution solution = make_solver(GetParam(), {.tolerance = 1e-9})
                                ->solve({.matrix = matrix, .b = b, .generator = &generator});
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged) << solution.report.message;
  EXPECT_LT(relative_error(solution.x, at::linalg_solve(a, b)), 1e-8);
  // One factorisation serves all columns: its products, and the closing residuals.
  EXPECT_LE(matrix.columns(), 50 + 7);
}

TEST_P(LowRankSolver, TooSmallARankIsSaid) {
  const DenseOperator matrix(low_rank_and_damping(), 0.1);
  const Generator generator(1);
  const Solution solution =
      solver_with(GetParam(), "rank: 4")
          ->solve({.matrix = matrix, .b = random({100}), .generator = &generator});
  EXPECT_EQ(solution.report.status, SolveStatus::kMaxIterations);
  EXPECT_THAT(solution.report.message, HasSubstr("rank 4"));
  EXPECT_GT(solution.report.relative_residual, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Both, LowRankSolver, ::testing::Values("lanczos", "nystroem"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST(LanczosSolver, TheComplementIsASetting) {
  const Tensor a = low_rank_and_damping();
  const DenseOperator matrix(a);
  const Tensor b = random({100});
  const Generator generator(1);
  const auto solve = [&](const std::string& settings) {
    return solver_with("lanczos", settings)
        ->solve({.matrix = matrix, .b = b, .generator = &generator})
        .x;
  };
  EXPECT_LT(relative_error(solve("{rank: 11, complement: 0.1}"), at::linalg_solve(a, b)), 1e-8);
  // As published: nothing outside the span of what was kept.
  const auto [values, vectors] = at::linalg_eigh(a);
  const Tensor top = vectors.narrow(1, 90, 10);
  const Tensor expected = top.mv(top.t().mv(b) / values.narrow(0, 90, 10));
  EXPECT_LT(relative_error(solve("{rank: 10, complement: 0}"), expected), 1e-8);
}

TEST(LanczosSolver, NegativeRitzValuesStopAreDroppedOrInverted) {
  const Tensor values = at::tensor({-3.0, 1.0, 2.0, 4.0}, at::kDouble);
  const DenseOperator matrix(values.diag());
  const Tensor b = at::ones({4}, at::kDouble);
  const Generator generator(1);
  const auto solve = [&](const std::string& negative) {
    return solver_with("lanczos", "{complement: 0, negative: " + negative + "}")
        ->solve({.matrix = matrix, .b = b, .generator = &generator});
  };
  EXPECT_EQ(solve("stop").report.status, SolveStatus::kNegativeCurvature);
  EXPECT_NEAR(*solve("stop").report.rayleigh_quotient, -3, 1e-12);
  EXPECT_LT(relative_error(solve("invert").x, 1 / values), 1e-12);
  EXPECT_LT(relative_error(solve("drop").x, at::tensor({0.0, 1.0, 0.5, 0.25}, at::kDouble)), 1e-12);
}

TEST(LanczosSolver, HasAtLeastAsManyStepsAsRank) {
  EXPECT_ERROR(ErrorKind::kSettings, solver_with("lanczos", "{rank: 30, steps: 20}"),
               HasSubstr("below the rank"));
}

TEST(NystroemSolver, SaysThatTheHeldDampingIsTooLarge) {
  const DenseOperator matrix(matrix_with(log_spaced(0.1, 1, 20)));
  const Generator generator(1);
  const Solution solution =
      solver_with("nystroem", "held_damping: 0.5")
          ->solve({.matrix = matrix, .b = random({20}), .generator = &generator});
  EXPECT_EQ(solution.report.status, SolveStatus::kBreakdown);
  EXPECT_THAT(solution.report.message, HasSubstr("held_damping"));
}

}  // namespace
}  // namespace oubli
