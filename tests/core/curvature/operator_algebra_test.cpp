#include "core/curvature/operator_algebra.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operators.h"

namespace oubli {
namespace {

using testing::CountingOperator;
using ::testing::HasSubstr;
using testing::log_spaced;
using testing::matrix_with;

constexpr std::int64_t kSize = 7;

OperatorPtr operator_of(const Tensor& a, std::optional<double> floor = std::nullopt,
                        double cost = 0) {
  return std::make_shared<CountingOperator>(a, floor, cost);
}

double smallest_eigenvalue(const LinearOperator& matrix) {
  return at::linalg_eigvalsh(matrix.as_dense()).min().item<double>();
}

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

// The curvature of what remains is that of all less that of what is forgotten.
TEST(OperatorAlgebra, RetainedIsAWeightedSum) {
  Generator generator(1);
  const std::int64_t n = 9, m = 4;
  const Tensor x = generator.normal({n, kSize}, at::kDouble);
  const Tensor all = x.t().mm(x) / n;
  const Tensor forgotten = x.narrow(0, 0, m).t().mm(x.narrow(0, 0, m)) / m;
  const Tensor kept = x.narrow(0, m, n - m);
  const OperatorPtr retained =
      weighted_sum({{static_cast<double>(n) / (n - m), operator_of(all, 0.0, 2 * n)},
                    {-static_cast<double>(m) / (n - m), operator_of(forgotten, 0.0, 2 * m)}});
  expect_dense(*retained, kept.t().mm(kept) / (n - m));
  EXPECT_EQ(retained->eigenvalue_floor(), std::nullopt);
  EXPECT_EQ(retained->column_cost(), 2 * (n + m));
}

TEST(OperatorAlgebra, FloorsOfSumsAddUp) {
  const Tensor a = matrix_with(log_spaced(0.5, 3, kSize), 1);
  const Tensor b = matrix_with(log_spaced(0.1, 3, kSize), 2);
  const OperatorPtr sum = weighted_sum({{2, operator_of(a, 0.5)}, {3, operator_of(b, 0.1)}});
  expect_dense(*sum, 2 * a + 3 * b);
  EXPECT_DOUBLE_EQ(*sum->eigenvalue_floor(), 1.3);
  EXPECT_GE(smallest_eigenvalue(*sum), *sum->eigenvalue_floor());
  EXPECT_EQ(weighted_sum({{2, operator_of(a, 0.5)}, {3, operator_of(b)}})->eigenvalue_floor(),
            std::nullopt);
}

TEST(OperatorAlgebra, PartsOfWeightZeroCostNothing) {
  const auto part = std::make_shared<CountingOperator>(at::eye(2, at::kDouble), std::nullopt, 5);
  const OperatorPtr sum = weighted_sum({{0, part}, {1, operator_of(at::eye(2, at::kDouble), 1.0)}});
  expect_dense(*sum, at::eye(2, at::kDouble));
  EXPECT_EQ(part->columns(), 0);
  EXPECT_EQ(sum->column_cost(), 0);
  EXPECT_EQ(sum->eigenvalue_floor(), 1);
}

TEST(OperatorAlgebra, ScalesAndShifts) {
  const Tensor a = matrix_with(log_spaced(0.5, 3, kSize));
  expect_dense(*scaled(operator_of(a), -2), -2 * a);
  EXPECT_EQ(scaled(operator_of(a, 0.5), 2)->eigenvalue_floor(), 1);
  EXPECT_EQ(scaled(operator_of(a, 0.5), -2)->eigenvalue_floor(), std::nullopt);
  // The result owns what it is made of.
  const OperatorPtr moved = shifted(operator_of(a, 0.5), -0.25);
  expect_dense(*moved, a - 0.25 * at::eye(kSize, at::kDouble));
  EXPECT_EQ(moved->eigenvalue_floor(), 0.25);
}

TEST(OperatorAlgebra, RestrictsToRanges) {
  const Tensor a = matrix_with(log_spaced(0.5, 3, kSize));
  const OperatorPtr part = restricted(operator_of(a, 0.5, 4), {{5, 2}, {0, 3}});
  const Tensor index = at::tensor({5, 6, 0, 1, 2}, at::kLong);
  expect_dense(*part, a.index_select(0, index).index_select(1, index));
  EXPECT_EQ(part->eigenvalue_floor(), 0.5);
  EXPECT_GE(smallest_eigenvalue(*part), 0.5);
  EXPECT_EQ(part->column_cost(), 4);
}

TEST(OperatorAlgebra, RangesLieInsideAndApart) {
  const OperatorPtr a = operator_of(at::eye(4, at::kDouble));
  EXPECT_ERROR(ErrorKind::kUsage, restricted(a, {{2, 3}}), HasSubstr("leaves the vector"));
  EXPECT_ERROR(ErrorKind::kUsage, restricted(a, {{0, 2}, {1, 2}}), HasSubstr("overlap"));
  EXPECT_ERROR(ErrorKind::kUsage, restricted(a, {}), HasSubstr("at least one"));
  EXPECT_ERROR(ErrorKind::kUsage, restricted(a, {{1, 0}}), HasSubstr("at least one"));
}

TEST(OperatorAlgebra, SizesMustFit) {
  EXPECT_ERROR(ErrorKind::kUsage,
               weighted_sum({{1, operator_of(at::eye(2, at::kDouble))},
                             {1, operator_of(at::eye(3, at::kDouble))}}),
               HasSubstr("2 and 3"));
  EXPECT_ERROR(ErrorKind::kUsage,
               low_rank(at::zeros({3, 2}, at::kDouble), at::zeros({3}, at::kDouble), 1),
               HasSubstr("low-rank"));
}

TEST(OperatorAlgebra, BlocksStandOnTheDiagonal) {
  const Tensor a = matrix_with(log_spaced(0.5, 3, 3), 1);
  const Tensor b = matrix_with(log_spaced(0.2, 3, 4), 2);
  const OperatorPtr blocks = block_diagonal({operator_of(a, 0.5, 2), operator_of(b, 0.2, 3)});
  expect_dense(*blocks, at::block_diag({a, b}));
  EXPECT_EQ(blocks->eigenvalue_floor(), 0.2);
  EXPECT_EQ(blocks->column_cost(), 5);
}

TEST(OperatorAlgebra, ADiagonalKnowsItsFloor) {
  const Tensor d = at::tensor({3.0, -1.0, 2.0}, at::kDouble);
  expect_dense(*diagonal_operator(d), d.diag());
  EXPECT_EQ(diagonal_operator(d)->eigenvalue_floor(), -1);
}

TEST(OperatorAlgebra, LowRankHasARigorousFloor) {
  Generator generator(5);
  const Tensor u = generator.normal({kSize, 3}, at::kDouble);
  for (const Tensor& d :
       {at::tensor({2.0, 1.0, 0.5}, at::kDouble), at::tensor({2.0, -1.0, 0.5}, at::kDouble)}) {
    const OperatorPtr matrix = low_rank(u, d, 0.3);
    expect_dense(*matrix, (u * d).mm(u.t()) + 0.3 * at::eye(kSize, at::kDouble));
    EXPECT_GE(smallest_eigenvalue(*matrix), *matrix->eigenvalue_floor() - 1e-14);
  }
  EXPECT_EQ(low_rank(u, at::ones({3}, at::kDouble), 0.3)->eigenvalue_floor(), 0.3);
}

TEST(OperatorAlgebra, LowRankInverseIsExact) {
  Generator generator(6);
  const Tensor independent = generator.normal({kSize, 3}, at::kDouble);
  const Tensor dependent = at::cat({independent, independent.narrow(1, 0, 1)}, 1);
  for (const Tensor& u : {independent, dependent}) {
    // Woodbury's identity as usually written loses d / shift of the digits.
    for (const double shift : {1.0, 1e-9}) {
      const Tensor d = at::linspace(1, 100, u.size(1), at::kDouble);
      const OperatorPtr inverse = low_rank_inverse(u, d, shift);
      const Tensor x = generator.normal({kSize, 2}, at::kDouble);
      const Tensor back = inverse->apply(low_rank(u, d, shift)->apply(x));
      // What is outside the span comes back through 1 / shift: rounding of size 100 eps / shift.
      EXPECT_LT((back - x).norm().item<double>(), shift == 1 ? 1e-12 : 1e-3);
      const Tensor inside = u.mm(generator.normal({u.size(1), 2}, at::kDouble));
      const Tensor dense = (u * d).mm(u.t()) + shift * at::eye(kSize, at::kDouble);
      const Tensor solution = inverse->apply(inside);
      EXPECT_LT((dense.mm(solution) - inside).norm().item<double>(),
                1e-11 * inside.norm().item<double>());
      EXPECT_GT(*inverse->eigenvalue_floor(), 0);
    }
  }
}

TEST(OperatorAlgebra, ASingularLowRankMatrixHasNoInverse) {
  Generator generator(7);
  const Tensor u = std::get<0>(at::linalg_qr(generator.normal({4, 2}, at::kDouble)));
  EXPECT_ERROR(ErrorKind::kNumerics, low_rank_inverse(u, at::ones({2}, at::kDouble), 0),
               HasSubstr("singular"));
  EXPECT_ERROR(ErrorKind::kNumerics, low_rank_inverse(u, at::tensor({-0.5, 1.0}, at::kDouble), 0.5),
               HasSubstr("singular"));
}

TEST(OperatorAlgebra, SpectralIsAFunctionOfALowRankMatrix) {
  Generator generator(8);
  const Tensor w = std::get<0>(at::linalg_qr(generator.normal({kSize, 2}, at::kDouble)));
  const Tensor inside = at::tensor({5.0, 3.0}, at::kDouble);
  const OperatorPtr matrix = spectral(w, inside, 2);
  expect_dense(*matrix, (w * inside).mm(w.t()) + 2 * (at::eye(kSize, at::kDouble) - w.mm(w.t())));
  EXPECT_EQ(matrix->eigenvalue_floor(), 2);
}

}  // namespace
}  // namespace oubli
