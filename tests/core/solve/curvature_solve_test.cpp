#include "core/solve/curvature_solve.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/base/settings_file.h"
#include "core/curvature/curvature.h"
#include "experiments/selftest/problems.h"
#include "tests/support/expect_error.h"

namespace oubli {
namespace {

using testing::all_of;
using ::testing::HasSubstr;
using testing::make_dataset;
using testing::make_model;

Tensor dense_curvature(CurvatureKind kind, const Model& model, const Subset& subset,
                       const Objective& objective) {
  CostMeter cost;
  return make_curvature({.kind = kind}, model, subset, objective, cost, Generator(0))->as_dense();
}

TEST(CurvatureSolve, UsesTheDampingThatWasAskedFor) {
  const auto data = make_dataset(50, 4, 3);
  const Subset subset = all_of(data);
  const Model model = make_model("logistic", "{}", *data);
  const Objective objective{LossKind::kCrossEntropy, 0.01};
  Context context(0);
  const Tensor b = at::ones({model.dim()}, at::kDouble);
  const CurvatureSolveSettings settings{{.kind = CurvatureKind::kGgn}, 0.5, {.tolerance = 1e-12}};
  const Solution solution = solve_curvature(settings, model, subset, objective, b, context);
  EXPECT_EQ(solution.report.damping, 0.5);
  const Tensor dense = dense_curvature(CurvatureKind::kGgn, model, subset, objective) +
                       0.5 * at::eye(model.dim(), at::kDouble);
  EXPECT_LT((solution.x - at::linalg_solve(dense, b)).norm().item<double>(), 1e-10);
}

TEST(CurvatureSolve, AutomaticDampingAddsNothingToARegulariserThatIsEnough) {
  const auto data = make_dataset(50, 4, 3);
  const Subset subset = all_of(data);
  const Model model = make_model("logistic", "{}", *data);
  const Tensor b = at::ones({model.dim()}, at::kDouble);
  Context context(0);
  const Solution enough =
      solve_curvature({}, model, subset, {LossKind::kCrossEntropy, 0.01}, b, context);
  EXPECT_EQ(enough.report.damping, 0);
  EXPECT_EQ(enough.report.sample_gradients, context.cost.sample_gradients());
  // Linearised once, then 4/3 for each product.
  EXPECT_NEAR(enough.report.sample_gradients,
              50 * (1 + 4 * static_cast<double>(enough.report.products)) / 3, 1e-6);
  // Without one, the largest eigenvalue sets the scale.
  const Objective bare{LossKind::kCrossEntropy, 0};
  const Solution damped = solve_curvature({}, model, subset, bare, b, context);
  const Tensor dense = dense_curvature(CurvatureKind::kGgn, model, subset, bare);
  const double largest = at::linalg_eigvalsh(dense).max().item<double>();
  EXPECT_NEAR(damped.report.damping, largest / kConditionTarget, 1e-9);
}

// The Gauss-Newton matrix and its regulariser have a floor, the Hessian of a network has none.
TEST(CurvatureSolve, BoundsAreRigorousForTheGaussNewtonMatrix) {
  const auto data = make_dataset(50, 4, 3);
  const Subset subset = all_of(data);
  const Model model = make_model("mlp", "{hidden: [6], activation: tanh}", *data);
  const Objective objective{LossKind::kCrossEntropy, 0.01};
  Context context(0);
  const Tensor b = at::ones({model.dim()}, at::kDouble);
  const CurvatureSolveSettings ggn{{.kind = CurvatureKind::kGgn}, 0.1, {.tolerance = 1e-4}};
  const Solution solution = solve_curvature(ggn, model, subset, objective, b, context);
  ASSERT_TRUE(solution.report.error_bound_is_rigorous);
  const Tensor dense = dense_curvature(CurvatureKind::kGgn, model, subset, objective) +
                       0.1 * at::eye(model.dim(), at::kDouble);
  EXPECT_GE(*solution.report.error_bound,
            (solution.x - at::linalg_solve(dense, b)).norm().item<double>());
  const CurvatureSolveSettings hessian{{.kind = CurvatureKind::kHessian}, 2.0, {.tolerance = 1e-4}};
  const SolveReport report = solve_curvature(hessian, model, subset, objective, b, context).report;
  EXPECT_TRUE(report.error_bound);
  EXPECT_FALSE(report.error_bound_is_rigorous);
}

TEST(CurvatureSolve, EverySettingIsRead) {
  const Settings settings(
      parse_settings("{curvature: hessian, damping: 0.5, tolerance: 1.0e-8, max_iterations: 7, "
                     "solver: block_cg, preconditioner: {name: nystroem, rank: 9}, memory: 3, "
                     "on_negative_curvature: truncate}",
                     "test"));
  const CurvatureSolveSettings read = CurvatureSolveSettings::read(settings);
  settings.finish();
  EXPECT_EQ(read.curvature.kind, CurvatureKind::kHessian);
  EXPECT_EQ(read.solver->limits().max_iterations, 7);
  EXPECT_EQ(read.solver->limits().tolerance, 1e-8);
  EXPECT_EQ(read.preconditioner, "nystroem");
  EXPECT_EQ(read.preconditioner_rank, 9);
  EXPECT_EQ(read.curvature.data.memory, 3'000'000);
  EXPECT_EQ(read.on_negative_curvature, NegativeCurvaturePolicy::kTruncate);
}

// Every solver and preconditioner gives the same step.
TEST(CurvatureSolve, SolversAndPreconditionersAgree) {
  const auto data = make_dataset(60, 4, 3);
  const Subset subset = all_of(data);
  const Model model = make_model("logistic", "{}", *data);
  const Objective objective{LossKind::kCrossEntropy, 0.01};
  const Tensor b = Generator(3).normal({model.dim(), 2}, at::kDouble);
  Context context(0);
  const Tensor dense = dense_curvature(CurvatureKind::kGgn, model, subset, objective);
  const Tensor truth = at::linalg_solve(dense, b);
  const Registry<SolverInfo> solvers = builtin_solvers();
  for (const SolverInfo& info : solvers.entries()) {
    const std::string& solver = info.name;
    for (const std::string preconditioner : {"none", "jacobi", "nystroem", "kfac", "ekfac"}) {
      if (preconditioner != "none" && !info.preconditioned) continue;
      const Settings settings(parse_settings(
          fmt::format("{{damping: 0, tolerance: 1.0e-9, max_iterations: 5000, solver: {}, "
                      "preconditioner: {}}}",
                      solver, preconditioner),
          "test"));
      const CurvatureSolveSettings read = CurvatureSolveSettings::read(settings);
      settings.finish();
      Context own(1);
      const Solution solution = solve_curvature(read, model, subset, objective, b, own);
      EXPECT_EQ(solution.report.status, SolveStatus::kConverged)
          << solver << " " << preconditioner << ": " << solution.report.message;
      EXPECT_LT((solution.x - truth).norm().item<double>(), 1e-6 * truth.norm().item<double>())
          << solver;
      EXPECT_EQ(solution.report.sample_gradients, own.cost.sample_gradients());
    }
  }
}

TEST(CurvatureSolve, RaisesTheDampingPastNegativeCurvature) {
  const auto data = make_dataset(50, 4, 3);
  const Subset subset = all_of(data);
  const Model model = make_model("mlp", "{hidden: [6], activation: tanh}", *data);
  const Objective objective{LossKind::kCrossEntropy, 0};
  Context context(0);
  const Tensor dense = dense_curvature(CurvatureKind::kHessian, model, subset, objective);
  const double lowest = at::linalg_eigvalsh(dense).min().item<double>();
  ASSERT_LT(lowest, 0) << "the test needs an indefinite Hessian";
  const CurvatureSolveSettings settings{
      {.kind = CurvatureKind::kHessian}, 0.0, {.tolerance = 1e-8}};
  Generator generator(1);
  const Solution solution = solve_curvature(settings, model, subset, objective,
                                            generator.normal({model.dim()}, at::kDouble), context);
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged) << solution.report.message;
  EXPECT_GT(solution.report.damping, 0);
}

TEST(CurvatureSolve, PreconditionersThatWouldDoNothingAreRefused) {
  const auto read = [](const std::string& text) {
    CurvatureSolveSettings::read(Settings(parse_settings(text, "test")));
  };
  EXPECT_ERROR(ErrorKind::kSettings, read("{solver: direct, preconditioner: jacobi}"),
               HasSubstr("makes no use of a preconditioner"));
  EXPECT_ERROR(ErrorKind::kSettings, read("{curvature: kfac, preconditioner: ekfac}"),
               HasSubstr("inverted by their structure"));
}

// The factored matrices are inverted by their structure: certified like any other solve, and
// without a visit to the data.
TEST(CurvatureSolve, KroneckerFactoredMatricesAreInvertedByStructure) {
  const auto data = make_dataset(50, 4, 3);
  const Subset subset = all_of(data);
  const Model model = make_model("mlp", "{hidden: [6], activation: tanh}", *data);
  const Objective objective{LossKind::kCrossEntropy, 0.01};
  const Tensor b = Generator(3).normal({model.dim()}, at::kDouble);
  for (const CurvatureKind kind : {CurvatureKind::kKfac, CurvatureKind::kEkfac}) {
    Context context(5);
    const CurvatureSolveSettings settings{{.kind = kind}, 0.1, {.tolerance = 1e-10}};
    const Solution solution = solve_curvature(settings, model, subset, objective, b, context);
    CostMeter cost;
    const Tensor dense =
        make_curvature({.kind = kind}, model, subset, objective, cost, context.generator)
            ->as_dense() +
        0.1 * at::eye(model.dim(), at::kDouble);
    EXPECT_EQ(solution.report.status, SolveStatus::kConverged) << solution.report.message;
    EXPECT_LE(solution.report.iterations, 2);
    EXPECT_LT((dense.mv(solution.x) - b).norm().item<double>(), 1e-9 * b.norm().item<double>());
    EXPECT_TRUE(solution.report.error_bound_is_rigorous);
    EXPECT_EQ(context.cost.sample_gradients(), cost.sample_gradients()) << "making it is all";
  }
}

}  // namespace
}  // namespace oubli
