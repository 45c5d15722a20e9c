#include "core/solve/damped_solve.h"

#include <ATen/ATen.h>

#include "core/curvature/fisher_diagonal.h"
#include "core/solve/preconditioner.h"

namespace oubli {
namespace {

// States a floor that the caller vouches for.
class Floored : public LinearOperator {
 public:
  Floored(const LinearOperator& base, std::optional<double> floor) : base_(base), floor_(floor) {}
  std::int64_t dim() const override { return base_.dim(); }
  Tensor apply(const Tensor& v) const override { return base_.apply(v); }
  std::optional<double> eigenvalue_floor() const override {
    const std::optional<double> floor = base_.eigenvalue_floor();
    return floor ? floor : floor_;
  }
  double column_cost() const override { return base_.column_cost(); }
  std::string describe() const override { return base_.describe(); }

 private:
  const LinearOperator& base_;
  std::optional<double> floor_;
};

// A Gauss-Newton matrix of these losses is positive semi-definite, where no example has a negative
// weight.
std::optional<double> ggn_floor(const Subset& subset, const Objective& objective) {
  const bool weighted_down = subset.weights.defined() && (subset.weights < 0).any().item<bool>();
  return weighted_down ? std::nullopt : std::optional(objective.l2);
}

Tensor fisher_diagonal(const Model& model, const Subset& subset, const Objective& objective,
                       Context& context) {
  if (objective.loss != Loss::kCrossEntropy) {
    throw Error(ErrorKind::kUsage,
                "preconditioner: jacobi knows the diagonal for cross-entropy only; use nystroem");
  }
  return expected_fisher_diagonal(model, subset, context.cost) + objective.l2;
}

}  // namespace

CurvatureSolveSettings CurvatureSolveSettings::read(const Settings& settings) {
  CurvatureSolveSettings s;
  s.kind = curvature_kind(settings.choice(
      "curvature", {.standard = "ggn",
                    .valid = {"ggn", "hessian"},
                    .doc = "matrix of the step; the GGN is positive semi-definite"}));
  s.damping = settings.real_or(
      "damping", "auto",
      {.at_least = 0, .doc = "mu of (C + mu I); auto: from the spectrum's ends, 0 where l2 does"});
  s.cg = SolverLimits::read(settings);
  const Registry<SolverInfo> solvers = builtin_solvers();
  const auto [name, own] =
      settings.named_child("solver", "cg", solvers.names(), "what solves for the step");
  s.solver = solvers.find(name).make(own, s.cg);
  const auto [preconditioner, its] =
      settings.named_child("preconditioner", "none", {"none", "jacobi", "nystroem"},
                           "of the solver, made from the Gauss-Newton matrix");
  s.preconditioner = preconditioner;
  if (preconditioner == "nystroem") {
    s.preconditioner_rank = its.integer(
        "rank", {.standard = 50, .at_least = 1, .doc = "products that the preconditioner costs"});
  }
  s.on_negative_curvature = negative_curvature_policy(settings.choice(
      "on_negative_curvature", {.standard = "raise_damping",
                                .valid = {"raise_damping", "fail", "switch_to_ggn", "truncate"},
                                .doc = "what to do where the matrix is not positive definite"}));
  return s;
}

Solution solve_curvature(const CurvatureSolveSettings& settings, const Model& model,
                         const Subset& subset, const Objective& objective, const Tensor& b,
                         Context& context) {
  const double cost_before = context.cost.sample_gradients();
  const std::optional<double> floor = ggn_floor(subset, objective);
  const CurvatureOperator curvature(settings.kind, model, subset, objective, context.cost);
  const CurvatureOperator gauss_newton(CurvatureKind::kGgn, model, subset, objective, context.cost);
  const Floored ggn(gauss_newton, floor);
  const Floored matrix(curvature, settings.kind == CurvatureKind::kGgn ? floor : std::nullopt);

  const CountedOperator for_preconditioner(ggn);
  std::function<OperatorPtr(double)> preconditioner;
  if (settings.preconditioner == "jacobi") {
    const Tensor entries = (settings.diagonal ? settings.diagonal : fisher_diagonal)(
        model, subset, objective, context);
    preconditioner = [entries](double damping) { return jacobi_preconditioner(entries, damping); };
  } else if (settings.preconditioner == "nystroem") {
    // The regulariser counts as damping: the rest is what has low rank.
    const DampedOperator undamped(for_preconditioner, -objective.l2);
    Generator generator = context.generator.stream("preconditioner");
    const NystroemApproximation found =
        nystroem(undamped, settings.preconditioner_rank, generator, objective.l2);
    preconditioner = [found, l2 = objective.l2](double damping) {
      return nystroem_preconditioner(found, damping + l2);
    };
  }
  const std::shared_ptr<const Solver> solver =
      settings.solver ? settings.solver : make_solver("cg", settings.cg);
  Solution solution = solve_damped(
      {.matrix = matrix,
       .b = b,
       .l2 = objective.l2,
       .ggn = &ggn,
       .preconditioner = preconditioner,
       .generator = &context.generator,
       .stop = [&] { return context.should_stop(); }},
      {.damping = settings.damping, .on_negative_curvature = settings.on_negative_curvature},
      *solver);
  solution.report.products += for_preconditioner.products();
  solution.report.sample_gradients = context.cost.sample_gradients() - cost_before;
  return solution;
}

}  // namespace oubli
