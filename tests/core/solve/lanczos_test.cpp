#include "core/solve/lanczos.h"

#include <gtest/gtest.h>

#include "core/solve/tridiagonal.h"
#include "tests/support/operators.h"

namespace oubli {
namespace {

using testing::CountingOperator;
using testing::log_spaced;
using testing::matrix_with;

Tensor random_start(std::int64_t n, std::int64_t columns = 1) {
  return Generator(4).normal({n, columns}, at::kDouble);
}

// From (1, 1) / sqrt(2) on diag(1, 3): alpha = 2, beta = 1, then alpha = 2; one step leaves the
// Ritz value 2 with residual 1, two steps have both eigenvalues.
TEST(Lanczos, AgreesWithAHandCalculation) {
  const DenseOperator matrix(at::tensor({1.0, 3.0}, at::kDouble).diag());
  const Tensor start = at::ones({2, 1}, at::kDouble);
  const LanczosResult one = lanczos(matrix, start, {.steps = 1})[0];
  EXPECT_NEAR(one.values[0].item<double>(), 2, 1e-15);
  EXPECT_NEAR(one.residuals[0].item<double>(), 1, 1e-15);
  const LanczosResult two = lanczos(matrix, start, {.steps = 2})[0];
  EXPECT_NEAR(two.diagonal[1], 2, 1e-15);
  EXPECT_NEAR(two.off_diagonal[0], 1, 1e-15);
  EXPECT_LT((two.values - at::tensor({1.0, 3.0}, at::kDouble)).abs().max().item<double>(), 1e-15);
  EXPECT_LT((two.weights - 0.5).abs().max().item<double>(), 1e-15);
  EXPECT_EQ(two.residuals.max().item<double>(), 0);
}

TEST(Lanczos, ResidualsBoundTheDistanceToAnEigenvalue) {
  const Tensor values = log_spaced(1e-3, 10, 80) - 1;
  const Tensor a = matrix_with(values);
  const CountingOperator matrix(a);
  const LanczosResult result = lanczos(matrix, random_start(80), {.steps = 25})[0];
  EXPECT_EQ(matrix.columns(), 25);
  const Tensor exact = at::linalg_eigvalsh(a);
  for (std::int64_t i = 0; i < result.size(); ++i) {
    const double distance = (exact - result.values[i]).abs().min().item<double>();
    EXPECT_LE(distance, result.residuals[i].item<double>() + 1e-13);
    const Tensor y = result.vectors.select(1, i);
    const double residual = (a.mv(y) - y * result.values[i]).norm().item<double>();
    EXPECT_NEAR(residual, result.residuals[i].item<double>(), 1e-12);
  }
  EXPECT_LT(
      (result.vectors.t().mm(result.vectors) - at::eye(25, at::kDouble)).abs().max().item<double>(),
      1e-13);
  EXPECT_GE(result.values[0].item<double>(), exact[0].item<double>() - 1e-13);
  EXPECT_NEAR(result.values[-1].item<double>(), exact[-1].item<double>(), 1e-6);
}

// Without full re-orthogonalisation converged eigenvalues come again as ghosts.
TEST(Lanczos, AllStepsGiveTheSpectrumWithoutGhosts) {
  const Tensor a = matrix_with(log_spaced(1e-6, 1e3, 40));
  const LanczosResult result = lanczos(DenseOperator(a), random_start(40), {.steps = 100})[0];
  ASSERT_EQ(result.size(), 40);
  EXPECT_LT((result.values - at::linalg_eigvalsh(a)).abs().max().item<double>(), 1e-10);
}

TEST(Lanczos, EndsOrGoesOnWhereTheKrylovSpaceDoes) {
  const Tensor values = at::tensor({1.0, 1.0, 2.0, 2.0, 2.0}, at::kDouble);
  const DenseOperator matrix(matrix_with(values));
  const LanczosResult ended = lanczos(matrix, random_start(5), {.steps = 5})[0];
  EXPECT_EQ(ended.size(), 2);
  EXPECT_EQ(ended.off_diagonal.back(), 0);
  Generator generator(1);
  const LanczosResult whole =
      lanczos(matrix, random_start(5), {.steps = 5, .restart = &generator})[0];
  ASSERT_EQ(whole.size(), 5);
  EXPECT_LT((whole.values - values).abs().max().item<double>(), 1e-13);
}

TEST(Lanczos, ManyStartsAreAsOne) {
  const Tensor a = matrix_with(log_spaced(0.1, 10, 30));
  const Tensor starts = random_start(30, 3);
  const auto all = lanczos(DenseOperator(a), starts, {.steps = 8});
  for (std::int64_t j = 0; j < 3; ++j) {
    const LanczosResult one = lanczos(DenseOperator(a), starts.narrow(1, j, 1), {.steps = 8})[0];
    EXPECT_LT((one.values - all[static_cast<std::size_t>(j)].values).abs().max().item<double>(),
              1e-12);
  }
}

TEST(Lanczos, NonFiniteProductsEndIt) {
  const DenseOperator matrix(at::full({3, 3}, std::nan(""), at::kDouble));
  const LanczosResult result = lanczos(matrix, random_start(3), {.steps = 3})[0];
  EXPECT_FALSE(result.is_finite);
  EXPECT_EQ(result.size(), 0);
}

TEST(Tridiagonal, ScaleDoesNotMatter) {
  for (const double scale : {1e-200, 1e-30, 1.0, 1e200}) {
    // Eigenvalues 2 - sqrt(2), 2, 2 + sqrt(2).
    const TridiagonalEigen eigen =
        tridiagonal_eigen({2 * scale, 2 * scale, 2 * scale}, {scale, scale}, true);
    EXPECT_NEAR(eigen.values[0].item<double>() / scale, 2 - std::sqrt(2.0), 1e-14);
    EXPECT_NEAR(eigen.values[2].item<double>() / scale, 2 + std::sqrt(2.0), 1e-14);
    EXPECT_NEAR(std::abs(eigen.vectors[0][1].item<double>()), std::sqrt(0.5), 1e-14);
  }
}

}  // namespace
}  // namespace oubli
