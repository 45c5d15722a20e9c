#include "core/solve/preconditioner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/solve/solver.h"
#include "tests/support/expect_error.h"
#include "tests/support/operators.h"

namespace oubli {
namespace {

using testing::CountingOperator;
using ::testing::HasSubstr;
using testing::log_spaced;
using testing::matrix_with;

TEST(Preconditioner, JacobiDividesByTheDiagonal) {
  const Tensor d = at::tensor({1.0, 3.0}, at::kDouble);
  EXPECT_TRUE(at::allclose(jacobi_preconditioner(d, 1)->as_dense(),
                           at::tensor({0.5, 0.25}, at::kDouble).diag()));
  EXPECT_ERROR(ErrorKind::kNumerics, jacobi_preconditioner(d - 2, 0.5), HasSubstr("-0.5"));
  EXPECT_ERROR(ErrorKind::kNumerics, jacobi_preconditioner(d / 0, 0.5), HasSubstr("positive"));
}

// Frangella, Tropp and Udell: the condition number is near (lambda_r + mu) / mu.
TEST(Preconditioner, NystroemTamesTheLargeEigenvalues) {
  const Tensor h = matrix_with(log_spaced(1e-6, 1e3, 100));
  const double mu = 1e-3;
  const CountingOperator undamped(h);
  Generator generator(1);
  const NystroemApproximation found = nystroem(undamped, 80, generator);
  const OperatorPtr inverse = nystroem_preconditioner(found, mu);
  const Tensor a = h + mu * at::eye(100, at::kDouble);
  // The eigenvalues of M^-1 A are those of L' A L for M^-1 = L L'.
  const Tensor l = at::linalg_cholesky(inverse->as_dense());
  const Tensor values = at::linalg_eigvalsh(l.t().mm(a).mm(l));
  const double condition = (values[-1] / values[0]).item<double>();
  EXPECT_LT(condition, 50);  // of 1e6
  const CountingOperator plain(a, mu);
  const CountingOperator helped(a, mu);
  const Tensor b = generator.normal({100}, at::kDouble);
  const auto solver = make_solver("cg", {.tolerance = 1e-8, .max_iterations = 1000});
  solver->solve({plain, b});
  const Solution solution = solver->solve({helped, b, inverse.get()});
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged);
  EXPECT_LT(3 * helped.columns(), plain.columns());
  EXPECT_EQ(solution.report.preconditioner, "nystroem of rank 80");
}

TEST(Preconditioner, NystroemNeedsAPositiveMatrix) {
  Generator generator(1);
  const DenseOperator negative(-at::eye(4, at::kDouble));
  EXPECT_ERROR(ErrorKind::kNumerics, nystroem_preconditioner(nystroem(negative, 2, generator), 1),
               HasSubstr("curvature -1"));
  const DenseOperator zero(at::zeros({4, 4}, at::kDouble));
  EXPECT_ERROR(ErrorKind::kNumerics, nystroem_preconditioner(nystroem(zero, 2, generator), 0),
               HasSubstr("damping"));
}

}  // namespace
}  // namespace oubli
