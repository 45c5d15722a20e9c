#include "core/solve/conjugate_gradient.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "core/base/random.h"

namespace oubli {
namespace {

Tensor random_spd(std::int64_t n, std::uint64_t seed) {
  Generator generator(seed);
  const Tensor a = generator.normal({n, n}, at::kDouble);
  return a.mm(a.t()) / n + at::eye(n, at::kDouble);
}

TEST(ConjugateGradient, AgreesWithADenseSolve) {
  const Tensor a = random_spd(30, 1);
  Generator generator(2);
  const Tensor b = generator.normal({30}, at::kDouble);
  const DenseOperator matrix(a);
  const Solution solution = conjugate_gradient(matrix, b, {.tolerance = 1e-12});
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged) << solution.report.message;
  const Tensor expected = at::linalg_solve(a, b);
  EXPECT_LT((solution.x - expected).norm().item<double>(), 1e-10 * expected.norm().item<double>());
  EXPECT_NEAR(solution.report.relative_residual,
              ((b - a.mv(solution.x)).norm() / b.norm()).item<double>(), 1e-14);
}

TEST(ConjugateGradient, NeedsAsManyIterationsAsDistinctEigenvalues) {
  const Tensor diagonal =
      at::cat({at::full({10}, 1.0, at::kDouble), at::full({10}, 3.0, at::kDouble),
               at::full({10}, 9.0, at::kDouble)});
  const DenseOperator matrix(diagonal.diag());
  const Solution solution =
      conjugate_gradient(matrix, at::ones({30}, at::kDouble), {.tolerance = 1e-12});
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged);
  EXPECT_EQ(solution.report.applications, 3 + 1);  // and the closing residual
}

TEST(ConjugateGradient, NegativeCurvatureIsAStatus) {
  const DenseOperator matrix(at::tensor({1.0, -1.0}, at::kDouble).diag());
  const Solution solution = conjugate_gradient(matrix, at::tensor({0.1, 1.0}, at::kDouble), {});
  EXPECT_EQ(solution.report.status, SolveStatus::kNegativeCurvature);
  EXPECT_NE(solution.report.message.find("damping"), std::string::npos);
}

TEST(ConjugateGradient, IterationsMayRunOut) {
  const DenseOperator matrix(random_spd(50, 3));
  const Solution solution = conjugate_gradient(matrix, at::ones({50}, at::kDouble),
                                               {.tolerance = 1e-14, .max_iterations = 2});
  EXPECT_EQ(solution.report.status, SolveStatus::kMaxIterations);
  EXPECT_GT(solution.report.relative_residual, 1e-14);
}

TEST(ConjugateGradient, NonFiniteRightHandSidesAndProductsAreAStatus) {
  const DenseOperator sound(random_spd(3, 4));
  const Tensor nan = at::full({3}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  EXPECT_EQ(conjugate_gradient(sound, nan, {}).report.status, SolveStatus::kNonFinite);
  const DenseOperator broken(
      at::full({3, 3}, std::numeric_limits<double>::quiet_NaN(), at::kDouble));
  EXPECT_EQ(conjugate_gradient(broken, at::ones({3}, at::kDouble), {}).report.status,
            SolveStatus::kNonFinite);
}

TEST(ConjugateGradient, ZeroIsSolvedByZero) {
  const DenseOperator matrix(random_spd(3, 5));
  const Solution solution = conjugate_gradient(matrix, at::zeros({3}, at::kDouble), {});
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged);
  EXPECT_EQ(solution.x.norm().item<double>(), 0);
}

TEST(ConjugateGradient, StopsWhenAsked) {
  const DenseOperator matrix(random_spd(3, 6));
  EXPECT_EQ(
      conjugate_gradient(matrix, at::ones({3}, at::kDouble), {}, [] { return true; }).report.status,
      SolveStatus::kStopped);
}

// Past convergence on a small system the recurrence must not wander off to NaN.
TEST(ConjugateGradient, SurvivesManyIterationsOnFewParameters) {
  const DenseOperator matrix(random_spd(5, 7));
  const Solution solution = conjugate_gradient(matrix, at::ones({5}, at::kDouble),
                                               {.tolerance = 1e-300, .max_iterations = 500});
  EXPECT_LT(solution.report.relative_residual, 1e-14);
  EXPECT_NE(solution.report.status, SolveStatus::kConverged);
}

}  // namespace
}  // namespace oubli
