#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/solve/solver.h"
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

// The published recursion's damping is scale times what is asked for.
TEST(Lissa, TheDampingIsTheOneAskedFor) {
  const Tensor h = matrix_with(log_spaced(0.01, 20, 15));
  const DenseOperator base(h);
  const DampedOperator damped(base, 0.5);
  const Tensor b = random({15});
  const Generator generator(1);
  const Solution solution = make_solver("lissa", {.tolerance = 1e-11, .max_iterations = 3000})
                                ->solve({.matrix = damped, .b = b, .generator = &generator});
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged) << solution.report.message;
  EXPECT_LT(relative_error(solution.x, at::linalg_solve(h + 0.5 * at::eye(15, at::kDouble), b)),
            1e-9);
}

TEST(Lissa, DivergenceIsAStatus) {
  const DenseOperator matrix(matrix_with(log_spaced(0.5, 10, 15)));
  const Generator generator(1);
  const auto solve = [&](const std::string& scale) {
    return solver_with("lissa", "{max_iterations: 5000, scale: " + scale + "}")
        ->solve({.matrix = matrix, .b = random({15}), .generator = &generator});
  };
  const Solution diverged = solve("4.8");  // below half of 10
  EXPECT_EQ(diverged.report.status, SolveStatus::kBreakdown);
  EXPECT_THAT(diverged.report.message, HasSubstr("diverged"));
  EXPECT_TRUE(at::isfinite(diverged.x).all().item<bool>());
  EXPECT_EQ(solve("5.2").report.status, SolveStatus::kConverged);
}

// With the scale given there is no Lanczos run to see it: the residuals do.
TEST(Lissa, SeesNegativeCurvatureInItsResiduals) {
  const Tensor a = matrix_with(at::cat({log_spaced(0.5, 2, 10), at::tensor({-0.5}, at::kDouble)}));
  const DenseOperator matrix(a);
  const Solution solution =
      solver_with("lissa", "{max_iterations: 5000, scale: 3}")->solve({matrix, random({11})});
  EXPECT_EQ(solution.report.status, SolveStatus::kNegativeCurvature) << solution.report.message;
  const Tensor& d = solution.report.negative_direction;
  EXPECT_LT(d.dot(a.mv(d)).item<double>(), 0);
  EXPECT_NEAR(d.dot(a.mv(d)).item<double>(), *solution.report.rayleigh_quotient, 1e-12);
}

TEST(Lissa, CountsTheScale) {
  const CountingOperator matrix(matrix_with(log_spaced(1, 2, 50)));
  const Generator generator(1);
  const Solution solution =
      make_solver("lissa")->solve({.matrix = matrix, .b = random({50}), .generator = &generator});
  EXPECT_EQ(matrix.columns(), 20 + solution.report.iterations);
}

}  // namespace
}  // namespace oubli
