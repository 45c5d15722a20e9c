#include "core/curvature/linear_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operators.h"

namespace oubli {
namespace {

using testing::CountingOperator;
using ::testing::HasSubstr;
using testing::matrix_with;

TEST(LinearOperator, AsDenseIsTheMatrix) {
  // More columns than are applied to at a time.
  const Tensor a = matrix_with(at::linspace(-1, 2, 1100, at::kDouble));
  const CountingOperator matrix(a);
  EXPECT_TRUE(at::allclose(matrix.as_dense(), a, 0, 1e-15));
  EXPECT_EQ(matrix.columns(), 1100);
}

TEST(LinearOperator, AsDenseRefusesWhatIsTooLarge) {
  const CountingOperator matrix(at::eye(6, at::kDouble));
  EXPECT_ERROR(ErrorKind::kUsage, matrix.as_dense(5),
               ::testing::AllOf(HasSubstr("size 6"), HasSubstr("limit 5")));
  EXPECT_EQ(matrix.columns(), 0);
}

TEST(LinearOperator, DampingMovesTheFloor) {
  const CountingOperator base(at::eye(3, at::kDouble), 0.25, 7);
  const DampedOperator damped(base, 0.5);
  EXPECT_EQ(damped.eigenvalue_floor(), 0.75);
  EXPECT_EQ(damped.column_cost(), 7);
  EXPECT_TRUE(at::equal(damped.as_dense(), 1.5 * at::eye(3, at::kDouble)));
  const DenseOperator unknown(at::eye(3, at::kDouble));
  EXPECT_EQ(DampedOperator(unknown, 0.5).eigenvalue_floor(), std::nullopt);
}

TEST(LinearOperator, ADenseMatrixIsSquare) {
  EXPECT_ERROR(ErrorKind::kUsage, DenseOperator(at::zeros({2, 3}, at::kDouble)),
               HasSubstr("square"));
}

}  // namespace
}  // namespace oubli
