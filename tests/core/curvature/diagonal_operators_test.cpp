#include "core/curvature/diagonal_operators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/random.h"
#include "tests/support/expect_error.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;

void expect_dense(const LinearOperator& matrix, const Tensor& expected) {
  EXPECT_EQ(matrix.dim(), expected.size(0));
  EXPECT_LT((matrix.as_dense() - expected).norm().item<double>(),
            1e-13 * expected.norm().item<double>())
      << matrix.describe();
  // Many columns are as one.
  Generator generator(3);
  const Tensor v = generator.normal({matrix.dim(), 3}, at::kDouble);
  const Tensor single = matrix.apply(v.narrow(1, 2, 1));
  EXPECT_LT((matrix.apply(v).narrow(1, 2, 1) - single).norm().item<double>(),
            1e-12 * single.norm().item<double>());
}

TEST(DiagonalOperators, ADiagonalKnowsItsFloor) {
  const Tensor d = at::tensor({3.0, -1.0, 2.0}, at::kDouble);
  expect_dense(*diagonal_operator(d), d.diag());
  EXPECT_EQ(diagonal_operator(d)->eigenvalue_floor(), -1);
}

TEST(DiagonalOperators, SizesMustFit) {
  EXPECT_ERROR(ErrorKind::kUsage, diagonal_operator(at::ones({2, 2}, at::kDouble)),
               HasSubstr("vector"));
  EXPECT_ERROR(ErrorKind::kUsage,
               spectral(at::zeros({3, 2}, at::kDouble), at::zeros({3}, at::kDouble), 1),
               HasSubstr("W [dim, r]"));
}

TEST(DiagonalOperators, SpectralIsAFunctionOfALowRankMatrix) {
  Generator generator(8);
  const Tensor w = std::get<0>(at::linalg_qr(generator.normal({7, 2}, at::kDouble)));
  const Tensor inside = at::tensor({5.0, 3.0}, at::kDouble);
  const OperatorPtr matrix = spectral(w, inside, 2);
  expect_dense(*matrix, (w * inside).mm(w.t()) + 2 * (at::eye(7, at::kDouble) - w.mm(w.t())));
  EXPECT_EQ(matrix->eigenvalue_floor(), 2);
}

}  // namespace
}  // namespace oubli
