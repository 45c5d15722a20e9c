#include "core/solve/nystroem.h"

#include <gtest/gtest.h>

#include "tests/support/operators.h"

namespace oubli {
namespace {

using testing::CountingOperator;
using testing::log_spaced;
using testing::matrix_with;

Tensor dense(const NystroemApproximation& found) {
  return (found.vectors * found.values).mm(found.vectors.t());
}

TEST(Nystroem, IsExactWhereTheRankSuffices) {
  const Tensor a = matrix_with(at::cat({log_spaced(9, 1, 6), at::zeros({44}, at::kDouble)}));
  const CountingOperator matrix(a);
  Generator generator(1);
  const NystroemApproximation found = nystroem(matrix, 10, generator);
  ASSERT_TRUE(found.defined());
  EXPECT_EQ(matrix.columns(), 10);
  EXPECT_LT((dense(found) - a).norm().item<double>(), 1e-11);
  EXPECT_GE(found.values.min().item<double>(), 0);
}

TEST(Nystroem, IsNeverAboveTheMatrix) {
  const Tensor a = matrix_with(log_spaced(1e-3, 10, 50));
  const DenseOperator matrix(a);
  Generator generator(1);
  const NystroemApproximation found = nystroem(matrix, 12, generator);
  EXPECT_GT(at::linalg_eigvalsh(a - dense(found)).min().item<double>(), -1e-12);
  EXPECT_LT((found.vectors.t().mm(found.vectors) - at::eye(12, at::kDouble)).norm().item<double>(),
            1e-12);
}

TEST(Nystroem, NegativeCurvatureIsReturned) {
  const Tensor a = matrix_with(at::cat({log_spaced(0.1, 1, 9), at::tensor({-2.0}, at::kDouble)}));
  const DenseOperator matrix(a);
  Generator generator(1);
  const NystroemApproximation found = nystroem(matrix, 5, generator);
  EXPECT_FALSE(found.defined());
  const Tensor& d = found.negative_direction;
  EXPECT_NEAR(d.dot(a.mv(d)).item<double>(), *found.rayleigh_quotient, 1e-12);
  EXPECT_LT(*found.rayleigh_quotient, 0);
}

TEST(Nystroem, TheZeroMatrixHasZeroValues) {
  const DenseOperator matrix(at::zeros({6, 6}, at::kDouble));
  Generator generator(1);
  const NystroemApproximation found = nystroem(matrix, 3, generator);
  ASSERT_TRUE(found.defined());
  EXPECT_LT(found.values.max().item<double>(), 1e-300);
}

}  // namespace
}  // namespace oubli
