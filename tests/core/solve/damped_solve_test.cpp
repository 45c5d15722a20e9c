#include "core/solve/damped_solve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/settings_file.h"
#include "core/solve/preconditioner.h"
#include "tests/support/expect_error.h"
#include "tests/support/numbers.h"
#include "tests/support/operators.h"

namespace oubli {
namespace {

using testing::CountingOperator;
using ::testing::HasSubstr;
using testing::log_spaced;
using testing::matrix_with;
using testing::random;
using Policy = NegativeCurvaturePolicy;

Tensor indefinite() {
  return matrix_with(at::cat({log_spaced(0.1, 3, 18), at::tensor({-0.5, -0.2}, at::kDouble)}));
}

const Generator& generator() {
  static const Generator g(7);
  return g;
}

TEST(DampedSolve, AutoIsEnoughForAnIndefiniteMatrix) {
  const CountingOperator matrix(indefinite(), std::nullopt, 2);
  const Tensor b = random({20, 3});
  const Solution solution = solve_damped({.matrix = matrix, .b = b, .generator = &generator()}, {},
                                         *make_solver("cg", {.tolerance = 1e-10}));
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged) << solution.report.message;
  EXPECT_NEAR(solution.report.damping, 0.55, 1e-6);
  EXPECT_THAT(solution.report.damping_note, HasSubstr("most negative"));
  const Tensor damped = indefinite() + solution.report.damping * at::eye(20, at::kDouble);
  EXPECT_LT((damped.mm(solution.x) - b).norm().item<double>(), 1e-9);
  EXPECT_EQ(solution.report.products, matrix.columns());
  EXPECT_EQ(solution.report.sample_gradients, 2.0 * static_cast<double>(matrix.columns()));
}

TEST(DampedSolve, RaisesTheDampingUntilItSolves) {
  for (const double damping : {0.0, 0.01, 0.4}) {
    const CountingOperator matrix(indefinite());
    const Solution solution = solve_damped({.matrix = matrix, .b = random({20})},
                                           {.damping = damping}, *make_solver("cg"));
    EXPECT_EQ(solution.report.status, SolveStatus::kConverged) << solution.report.message;
    EXPECT_GT(solution.report.damping, 0.5);
    EXPECT_THAT(solution.report.damping_note, HasSubstr("raised"));
    EXPECT_EQ(solution.report.products, matrix.columns()) << "each start counts";
  }
}

TEST(DampedSolve, DampingIsLeftAloneWhereItIsEnough) {
  const CountingOperator matrix(indefinite());
  const Solution solution =
      solve_damped({.matrix = matrix, .b = random({20})}, {.damping = 0.7}, *make_solver("cg"));
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged);
  EXPECT_EQ(solution.report.damping, 0.7);
}

TEST(DampedSolve, TheZeroMatrixGetsDampingToo) {
  const CountingOperator matrix(at::zeros({4, 4}, at::kDouble));
  const Solution solution = solve_damped({.matrix = matrix, .b = at::ones({4}, at::kDouble)},
                                         {.damping = 0.0}, *make_solver("cg"));
  EXPECT_GT(solution.report.damping, 0);
  EXPECT_TRUE(at::isfinite(solution.x).all().item<bool>());
}

// Every solver answers negative curvature alike, also those that could solve an indefinite system.
class SolverPolicies : public ::testing::TestWithParam<std::string> {
 protected:
  // At the damping that is asked for, on the Gauss-Newton matrix where the policy switches.
  Solution solve(Policy policy) const {
    const CountingOperator matrix(indefinite());
    const CountingOperator ggn(positive_, 0.1);
    SolverLimits limits{.tolerance = 1e-8, .max_iterations = 5000};
    Solution solution = solve_damped(
        {.matrix = matrix, .b = b_, .ggn = &ggn, .generator = &generator()},
        {.damping = 0.0, .on_negative_curvature = policy}, *make_solver(GetParam(), limits));
    EXPECT_EQ(solution.report.products, matrix.columns() + ggn.columns());
    return solution;
  }

  double residual(const Tensor& matrix, const Solution& solution) const {
    return ((matrix.mv(solution.x) - b_).norm() / b_.norm()).item<double>();
  }

  const Tensor positive_ = matrix_with(log_spaced(0.1, 3, 20), 9);
  const Tensor b_ = random({20});
};

TEST_P(SolverPolicies, RaisesTheDamping) {
  const Solution solution = solve(Policy::kRaiseDamping);
  EXPECT_GT(solution.report.damping, 0.5);
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged) << solution.report.message;
  EXPECT_EQ(solution.report.refusal, "");
  const Tensor eye = at::eye(20, at::kDouble);
  EXPECT_LT(residual(indefinite() + solution.report.damping * eye, solution), 1e-7);
}

TEST_P(SolverPolicies, Fails) {
  const Solution solution = solve(Policy::kFail);
  EXPECT_EQ(solution.report.status, SolveStatus::kNegativeCurvature);
  EXPECT_NE(solution.report.refusal, "");
}

TEST_P(SolverPolicies, SwitchesToTheGaussNewtonMatrix) {
  const Solution solution = solve(Policy::kSwitchToGgn);
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged) << solution.report.message;
  EXPECT_EQ(solution.report.refusal, "");
  EXPECT_LT(residual(positive_, solution), 1e-7);
}

TEST_P(SolverPolicies, Truncates) {
  const Solution solution = solve(Policy::kTruncate);
  EXPECT_EQ(solution.report.status, SolveStatus::kNegativeCurvature);
  EXPECT_EQ(solution.report.refusal, "");
  EXPECT_GT(solution.x.dot(b_).item<double>(), 0) << "a direction of descent";
}

TEST_P(SolverPolicies, SolvesTheIndefiniteSystemOrRefuses) {
  const Solution solution = solve(Policy::kSolve);
  if (GetParam() == "direct" || GetParam() == "minres") {
    EXPECT_EQ(solution.report.refusal, "");
    EXPECT_LT(residual(indefinite(), solution), 1e-7);
  } else {
    EXPECT_NE(solution.report.refusal, "");
  }
}

INSTANTIATE_TEST_SUITE_P(Solvers, SolverPolicies, ::testing::ValuesIn(builtin_solvers().names()),
                         [](const auto& test) { return test.param; });

TEST(DampedSolve, MaySwitchToTheGaussNewtonMatrix) {
  const CountingOperator matrix(indefinite());
  const Tensor positive = matrix_with(log_spaced(0.1, 3, 20), 9);
  const CountingOperator ggn(positive, 0.1);
  const Tensor b = random({20});
  const DampedSolveOptions options{.damping = 0.05, .on_negative_curvature = Policy::kSwitchToGgn};
  const Solution solution = solve_damped({.matrix = matrix, .b = b, .ggn = &ggn}, options,
                                         *make_solver("cg", {.tolerance = 1e-10}));
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged);
  EXPECT_EQ(solution.report.damping, 0.05);
  EXPECT_THAT(solution.report.damping_note, HasSubstr("switched"));
  const Tensor truth = at::linalg_solve(positive + 0.05 * at::eye(20, at::kDouble), b);
  EXPECT_LT((solution.x - truth).norm().item<double>(), 1e-8 * truth.norm().item<double>());
  EXPECT_EQ(solution.report.products, matrix.columns() + ggn.columns());
  EXPECT_TRUE(solution.report.error_bound_is_rigorous);
  EXPECT_ERROR(ErrorKind::kUsage,
               solve_damped({.matrix = matrix, .b = b}, options, *make_solver("cg")),
               HasSubstr("Gauss-Newton"));
}

TEST(DampedSolve, MayTruncate) {
  const DampedSolveOptions options{.damping = 0.0, .on_negative_curvature = Policy::kTruncate};
  const CountingOperator matrix(indefinite());
  const Tensor b = random({20});
  const Solution reached = solve_damped({.matrix = matrix, .b = b}, options, *make_solver("cg"));
  EXPECT_EQ(reached.report.status, SolveStatus::kNegativeCurvature);
  EXPECT_GT(reached.x.dot(b).item<double>(), 0) << "a direction of descent";
  EXPECT_EQ(reached.report.products, matrix.columns());

  // The first direction is already one: a gradient step, with its own residual.
  const CountingOperator negative(-2 * at::eye(3, at::kDouble));
  const Tensor ones = at::ones({3}, at::kDouble);
  const Solution step = solve_damped({.matrix = negative, .b = ones}, options, *make_solver("cg"));
  EXPECT_LT((step.x - 0.5 * ones).norm().item<double>(), 1e-14);
  EXPECT_NEAR(step.report.relative_residual, 2, 1e-14);
  EXPECT_THAT(step.report.message, HasSubstr("gradient step"));
  EXPECT_EQ(step.report.products, negative.columns());
}

TEST(DampedSolve, ThePreconditionerSeesTheDamping) {
  const Tensor a = log_spaced(1e-4, 1, 20).diag();
  const CountingOperator matrix(a);
  std::vector<double> dampings;
  const Solution solution =
      solve_damped({.matrix = matrix,
                    .b = random({20}),
                    .preconditioner =
                        [&](double damping) {
                          dampings.push_back(damping);
                          return jacobi_preconditioner(a.diagonal(), damping);
                        }},
                   {.damping = 0.25}, *make_solver("cg", {.tolerance = 1e-12}));
  EXPECT_EQ(dampings, std::vector<double>{0.25});
  EXPECT_EQ(solution.report.iterations, 1) << "the preconditioner is the inverse";
}

TEST(DampedSolve, AutoNeedsAGenerator) {
  const CountingOperator matrix(at::eye(3, at::kDouble));
  EXPECT_ERROR(
      ErrorKind::kUsage,
      solve_damped({.matrix = matrix, .b = at::ones({3}, at::kDouble)}, {}, *make_solver("cg")),
      HasSubstr("generator"));
}

// Products that are known to seven digits.
class Rounded : public CountingOperator {
 public:
  using CountingOperator::CountingOperator;
  double precision() const override { return epsilon_of(at::kFloat); }
};

// An eigenvalue of -1e-8 beside 1 is rounding of float32 products and none of float64 ones.
TEST(DampedSolve, KnowsHowExactlyProductsAreKnown) {
  const Tensor matrix =
      matrix_with(at::cat({log_spaced(1e-3, 1, 19), at::full({1}, -1e-8, at::kDouble)}));
  const DampedSolveOptions options{.damping = 0.0, .on_negative_curvature = Policy::kFail};
  for (const std::string name : {"direct", "minres"}) {
    const auto solver = make_solver(name, {.tolerance = 1e-8, .max_iterations = 500});
    const Tensor b = random({20});
    const Solution rounded = solve_damped({.matrix = Rounded(matrix), .b = b}, options, *solver);
    EXPECT_EQ(rounded.report.refusal, "") << name;
    const Solution exact =
        solve_damped({.matrix = CountingOperator(matrix), .b = b}, options, *solver);
    EXPECT_EQ(exact.report.status, SolveStatus::kNegativeCurvature) << name;
    EXPECT_THAT(exact.report.refusal, HasSubstr("not positive definite")) << name;
  }
}

TEST(DampedSolve, ErrorBoundsAreRigorousOnlyWithExactProducts) {
  const Tensor matrix = matrix_with(log_spaced(1e-3, 1, 20));
  const auto solver = make_solver("cg", {.tolerance = 1e-4});
  const Tensor b = random({20});
  const DampedSolveOptions options{.damping = 0.0};
  EXPECT_TRUE(solve_damped({.matrix = CountingOperator(matrix, 1e-3), .b = b}, options, *solver)
                  .report.error_bound_is_rigorous);
  EXPECT_FALSE(solve_damped({.matrix = Rounded(matrix, 1e-3), .b = b}, options, *solver)
                   .report.error_bound_is_rigorous);
}

// A Gauss-Newton matrix of softmax outputs has eigenvalues of 0, which a decomposition gives as a
// few roundings of the largest to either side.
TEST(DampedSolve, ASingularMatrixIsNotIndefinite) {
  const Tensor factor = random({60, 20}, 3);
  const Tensor matrix = 1e3 * factor.mm(factor.t());
  const Tensor b = matrix.mv(random({60}));
  for (const Policy policy : {Policy::kFail, Policy::kTruncate, Policy::kRaiseDamping}) {
    const CountingOperator counting(matrix, 0);
    const Solution solution =
        solve_damped({.matrix = counting, .b = b},
                     {.damping = 0.0, .on_negative_curvature = policy}, *make_solver("direct"));
    EXPECT_EQ(solution.report.status, SolveStatus::kConverged) << solution.report.message;
    EXPECT_EQ(solution.report.refusal, "");
    EXPECT_EQ(solution.report.damping, 0);
    EXPECT_EQ(counting.columns(), 61);
  }
}

// What the solver was told about negative Ritz values stands before the policy.
TEST(DampedSolve, LanczosDropsOrInvertsWhatItWasToldTo) {
  for (const std::string negative : {"drop", "invert"}) {
    const Settings settings(
        parse_settings("{rank: 20, steps: 20, complement: 0, negative: " + negative + "}", ""));
    const auto solver = builtin_solvers().find("lanczos").make(settings, {.tolerance = 1e-6});
    const Tensor b = random({20});
    const Solution solution =
        solve_damped({.matrix = CountingOperator(indefinite()), .b = b, .generator = &generator()},
                     {.damping = 0.0}, *solver);
    EXPECT_EQ(solution.report.damping, 0) << negative;
    const double error = (indefinite().mv(solution.x) - b).norm().item<double>();
    if (negative == "invert") {
      EXPECT_LT(error, 1e-9);
    } else {
      EXPECT_GT(error, 1e-3) << "two directions are left out";
    }
  }
}

TEST(DampedSolve, RefusesWhatIsFurtherFromTheSolutionThanNothing) {
  // Two iterations on a badly conditioned system, by a solver that lowers the error's energy and
  // not the residual.
  const CountingOperator matrix(log_spaced(1e-10, 1, 40).diag(), 1e-10);
  const Tensor b = at::cat({at::ones({39}, at::kDouble), at::full({1}, 1e-3, at::kDouble)});
  const Solution solution = solve_damped({.matrix = matrix, .b = b}, {.damping = 0.0},
                                         *make_solver("cg", {.max_iterations = 3}));
  ASSERT_GT(solution.report.relative_residual, 1);
  EXPECT_THAT(solution.report.refusal, HasSubstr("residual"));
}

TEST(DampedSolve, PoliciesHaveNames) {
  EXPECT_EQ(negative_curvature_policy("truncate"), Policy::kTruncate);
  EXPECT_ERROR(ErrorKind::kUsage, negative_curvature_policy("truncat"), HasSubstr("truncate"));
}

}  // namespace
}  // namespace oubli
