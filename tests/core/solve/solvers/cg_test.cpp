#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/solve/preconditioner.h"
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

TEST(ConjugateGradient, NeedsAsManyIterationsAsDistinctEigenvalues) {
  const Tensor values = at::cat({at::full({10}, 1.0, at::kDouble), at::full({10}, 3.0, at::kDouble),
                                 at::full({10}, 9.0, at::kDouble)});
  const DenseOperator matrix(values.diag());
  const Solution solution =
      make_solver("cg", {.tolerance = 1e-12})->solve({matrix, at::ones({30}, at::kDouble)});
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged);
  EXPECT_EQ(solution.report.iterations, 3);
  EXPECT_EQ(solution.report.products, 3 + 1);  // and the closing residual
  EXPECT_NEAR(*solution.report.smallest_ritz, 1, 1e-12);
  EXPECT_NEAR(*solution.report.largest_ritz, 9, 1e-12);
}

TEST(ConjugateGradient, NegativeCurvatureNamesTheDampingThatItNeeds) {
  const DenseOperator matrix(at::tensor({1.0, -1.0}, at::kDouble).diag());
  const Solution solution = make_solver("cg")->solve({matrix, at::tensor({0.1, 1.0}, at::kDouble)});
  EXPECT_EQ(solution.report.status, SolveStatus::kNegativeCurvature);
  EXPECT_THAT(solution.report.message, HasSubstr("raise the damping by more than"));
  // The first direction is b itself: (0.01 - 1) / 1.01.
  EXPECT_NEAR(*solution.report.rayleigh_quotient, -0.99 / 1.01, 1e-14);
}

// The residual falls to what one product's rounding leaves, and the recurrence then must not wander
// off to NaN.
TEST(ConjugateGradient, SurvivesManyIterationsOnFewParameters) {
  for (const char* name : {"cg", "block_cg", "minres"}) {
    const DenseOperator matrix(matrix_with(log_spaced(1, 4, 5)));
    const Solution solution = make_solver(name, {.tolerance = 1e-300, .max_iterations = 500})
                                  ->solve({matrix, at::ones({5}, at::kDouble)});
    EXPECT_LT(solution.report.relative_residual, 1e-14) << name;
    EXPECT_EQ(solution.report.status, SolveStatus::kBreakdown) << name;
    EXPECT_LT(solution.report.iterations, 100) << name << ": it should see that it is done";
  }
}

TEST(ConjugateGradient, IterationsMayRunOut) {
  const DenseOperator matrix(matrix_with(log_spaced(1e-3, 1, 50)));
  const Solution solution = make_solver("cg", {.tolerance = 1e-14, .max_iterations = 2})
                                ->solve({matrix, at::ones({50}, at::kDouble)});
  EXPECT_EQ(solution.report.status, SolveStatus::kMaxIterations);
  EXPECT_EQ(solution.report.iterations, 2);
  EXPECT_THAT(solution.report.message, HasSubstr("raise max_iterations"));
}

TEST(ConjugateGradient, APreconditionerSavesProducts) {
  // A diagonal of condition 1e6, a little coupled.
  const Tensor scale = log_spaced(1e-3, 1, 60);
  const Tensor near_identity = matrix_with(log_spaced(0.5, 2, 60));
  const Tensor a = scale.unsqueeze(1) * near_identity * scale.unsqueeze(0);
  const Tensor b = random({60});
  const OperatorPtr jacobi = jacobi_preconditioner(a.diagonal(), 0);
  for (const char* name : {"cg", "block_cg", "minres"}) {
    const CountingOperator plain(a);
    const CountingOperator helped(a);
    const auto solver = make_solver(name, {.tolerance = 1e-10, .max_iterations = 5000});
    const Solution without = solver->solve({plain, b});
    const Solution with = solver->solve({helped, b, jacobi.get()});
    EXPECT_EQ(with.report.status, SolveStatus::kConverged) << name << with.report.message;
    EXPECT_LT(3 * helped.columns(), plain.columns()) << name;
    EXPECT_EQ(with.report.preconditioner, "jacobi");
    EXPECT_EQ(without.report.preconditioner, "");
    const Tensor truth = at::linalg_solve(a, b);
    EXPECT_LT((with.x - truth).norm().item<double>(), 1e-8 * truth.norm().item<double>()) << name;
  }
}

TEST(ConjugateGradient, AnIndefinitePreconditionerIsABreakdown) {
  const DenseOperator matrix(matrix_with(log_spaced(1, 2, 4)));
  const DenseOperator bad(-at::eye(4, at::kDouble));
  for (const char* name : {"cg", "minres"}) {
    const Solution solution = make_solver(name)->solve({matrix, at::ones({4}, at::kDouble), &bad});
    EXPECT_EQ(solution.report.status, SolveStatus::kBreakdown) << name;
    EXPECT_THAT(solution.report.message, HasSubstr("preconditioner")) << name;
  }
}

// Columns run side by side and give what each gives alone, and are paid for until they converge.
TEST(ConjugateGradient, ColumnsAreIndependent) {
  const Tensor a = matrix_with(log_spaced(0.01, 1, 40));
  Tensor b = random({40, 3});
  b.select(1, 1).copy_(matrix_with(log_spaced(0.01, 1, 40)).select(1, 0));
  const auto solver = make_solver("cg", {.tolerance = 1e-9});
  const CountingOperator pooled(a);
  const Solution all = solver->solve({pooled, b});
  std::int64_t apart = 0;
  for (std::int64_t j = 0; j < 3; ++j) {
    const CountingOperator matrix(a);
    const Solution one = solver->solve({matrix, b.select(1, j)});
    EXPECT_LT((one.x - all.x.select(1, j)).norm().item<double>(),
              1e-7 * one.x.norm().item<double>());
    apart += matrix.columns();
  }
  // The products of one and of several columns round differently, which may cost or save a last
  // step.
  EXPECT_NEAR(static_cast<double>(pooled.columns()), static_cast<double>(apart), 3);
}

// Products of a float32 model carry errors near 1e-7: what is asked beyond them ends as Breakdown,
// soon, and is never taken for negative curvature.
class SinglePrecision : public LinearOperator {
 public:
  explicit SinglePrecision(const Tensor& matrix) : matrix_(matrix.to(at::kFloat)) {}
  std::int64_t dim() const override { return matrix_.size(0); }
  Tensor apply(const Tensor& v) const override {
    return matrix_.mm(v.to(at::kFloat)).to(at::kDouble);
  }

 private:
  Tensor matrix_;
};

TEST(ConjugateGradient, ProductsInSinglePrecisionSetTheFloor) {
  const SinglePrecision matrix(matrix_with(log_spaced(1e-2, 1, 60)));
  const Tensor b = random({60, 2});
  for (const char* name : {"cg", "block_cg", "minres"}) {
    const Solution modest = make_solver(name, {.tolerance = 1e-4})->solve({matrix, b});
    EXPECT_EQ(modest.report.status, SolveStatus::kConverged) << name << modest.report.message;
    const Solution precise =
        make_solver(name, {.tolerance = 1e-12, .max_iterations = 5000})->solve({matrix, b});
    EXPECT_EQ(precise.report.status, SolveStatus::kBreakdown) << name << precise.report.message;
    EXPECT_LT(precise.report.relative_residual, 1e-5) << name;
    EXPECT_LT(precise.report.iterations, 1000) << name;
  }
}

}  // namespace
}  // namespace oubli
