#include <gtest/gtest.h>

#include "core/solve/solver.h"
#include "tests/support/operators.h"

namespace oubli {
namespace {

using testing::log_spaced;
using testing::matrix_with;

// The iterate has the least residual over the Krylov space: |b - A x| by a dense least-squares
// problem in the basis b, A b, A^2 b.
TEST(Minres, TheResidualIsTheLeastOverTheKrylovSpace) {
  const Tensor a = matrix_with(at::cat({log_spaced(0.5, 2, 6), -log_spaced(0.3, 1, 6)}));
  const DenseOperator matrix(a);
  const Tensor b = Generator(2).normal({12}, at::kDouble);
  const Solution solution =
      make_solver("minres", {.tolerance = 1e-14, .max_iterations = 3})->solve({matrix, b});
  const Tensor krylov = at::stack({b, a.mv(b), a.mv(a.mv(b))}, 1);
  const Tensor q = std::get<0>(at::linalg_qr(a.mm(krylov)));
  const double least = (b - q.mv(q.t().mv(b))).norm().item<double>();
  EXPECT_NEAR(solution.report.relative_residual, least / b.norm().item<double>(), 1e-12);
}

TEST(Minres, ASingularSystemHasItsShortestSolution) {
  const Tensor values = at::tensor({3.0, -1.0, 0.5, 0.0, 0.0}, at::kDouble);
  const Tensor a = matrix_with(values);
  const DenseOperator matrix(a);
  const Tensor b = a.mv(at::ones({5}, at::kDouble));
  const Solution solution = make_solver("minres", {.tolerance = 1e-12})->solve({matrix, b});
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged) << solution.report.message;
  const Tensor shortest = at::linalg_pinv(a, 1e-12, /*hermitian=*/true).mv(b);
  EXPECT_LT((solution.x - shortest).norm().item<double>(), 1e-11);
}

// Out of range: the residual cannot fall below what is orthogonal to the range.
TEST(Minres, WithoutASolutionTheResidualIsTheLeast) {
  const Tensor a = at::tensor({2.0, -1.0, 0.0}, at::kDouble).diag();
  const DenseOperator matrix(a);
  const Solution solution = make_solver("minres")->solve({matrix, at::ones({3}, at::kDouble)});
  EXPECT_EQ(solution.report.status, SolveStatus::kBreakdown);
  EXPECT_NEAR(solution.report.relative_residual, std::sqrt(1.0 / 3), 1e-10);
}

}  // namespace
}  // namespace oubli
