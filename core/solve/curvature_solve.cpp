#include "core/solve/curvature_solve.h"

#include <ATen/ATen.h>

#include "core/curvature/fisher_diagonal.h"
#include "core/curvature/gauss_newton.h"
#include "core/curvature/kronecker_operator.h"
#include "core/solve/preconditioner.h"

namespace oubli {
namespace {

using MakePreconditioner = std::function<OperatorPtr(double damping)>;

std::shared_ptr<const KroneckerCurvature> with_structure(const OperatorPtr& matrix) {
  return std::dynamic_pointer_cast<const KroneckerCurvature>(matrix);
}

MakePreconditioner by_structure(const OperatorPtr& matrix) {
  const auto kronecker = with_structure(matrix);
  return [kronecker](double damping) { return kronecker->inverse(damping); };
}

DataOperatorOptions data_options(const CurvatureSolveSettings& settings, const Context& context) {
  DataOperatorOptions options = settings.curvature.data;
  options.cache = context.memory;
  return options;
}

// What a preconditioner is made from. Products that it takes are added to `products`.
MakePreconditioner make_preconditioner(const CurvatureSolveSettings& settings, const Model& model,
                                       const Subset& subset, const Objective& objective,
                                       Context& context, std::int64_t& products) {
  if (settings.preconditioner == "none") return {};
  if (settings.preconditioner == "jacobi") {
    const Tensor entries =
        fisher_diagonal(FisherTargets::kExpected, model, subset, objective, context.cost).values +
        objective.l2;
    return [entries](double damping) { return jacobi_preconditioner(entries, damping); };
  }
  if (settings.preconditioner == "nystroem") {
    // The regulariser counts as damping: the rest is what has low rank.
    const GaussNewton ggn(model, subset, {objective.loss, 0}, context.cost,
                          data_options(settings, context));
    const CountedOperator counted(ggn);
    Generator generator = context.generator.stream("preconditioner");
    const NystroemApproximation found =
        nystroem(counted, settings.preconditioner_rank, generator, objective.l2);
    products += counted.products();
    return [found, l2 = objective.l2](double damping) {
      return nystroem_preconditioner(found, damping + l2);
    };
  }
  return by_structure(make_curvature({.kind = curvature_kind(settings.preconditioner),
                                      .kronecker = settings.preconditioner_kronecker},
                                     model, subset, objective, context.cost, context.generator));
}

}  // namespace

CurvatureSolveSettings CurvatureSolveSettings::read(const Settings& settings) {
  CurvatureSolveSettings s;
  s.curvature = CurvatureSettings::read(settings);
  s.damping = settings.real_or(
      "damping", "auto",
      {.at_least = 0, .doc = "mu of (C + mu I); auto: from the spectrum's ends, 0 where l2 does"});
  s.limits = SolverLimits::read(settings);
  const Registry<SolverInfo> solvers = builtin_solvers();
  const auto [name, own] =
      settings.named_child("solver", "cg", solvers.names(), "what solves for the step");
  s.solver = solvers.find(name).make(own, s.limits);
  const auto [preconditioner, its] = settings.named_child(
      "preconditioner", "none", {"none", "jacobi", "nystroem", "kfac", "ekfac"},
      "of the solver, made from a Gauss-Newton or Fisher matrix");
  s.preconditioner = preconditioner;
  if (preconditioner != "none" && !solvers.find(name).preconditioned) {
    settings.fail("preconditioner", "the solver '" + name + "' makes no use of a preconditioner.");
  }
  if (preconditioner != "none" && is_kronecker(s.curvature.kind)) {
    settings.fail("preconditioner",
                  "K-FAC and EK-FAC are inverted by their structure and need none.");
  }
  if (preconditioner == "nystroem") {
    s.preconditioner_rank = its.integer(
        "rank",
        {.default_value = 50, .at_least = 1, .doc = "products that the preconditioner costs"});
  }
  if (preconditioner == "kfac" || preconditioner == "ekfac") {
    s.preconditioner_kronecker = KroneckerOptions::read(its);
  }
  s.on_negative_curvature = negative_curvature_policy(settings.choice(
      "on_negative_curvature", {.default_value = "raise_damping",
                                .valid = negative_curvature_policies(),
                                .doc = "what to do where the matrix is not positive definite"}));
  return s;
}

Solution solve_curvature(const CurvatureSolveSettings& settings, const Model& model,
                         const Subset& subset, const Objective& objective, const Tensor& b,
                         Context& context) {
  const double cost_before = context.cost.sample_gradients();
  CurvatureSettings curvature = settings.curvature;
  curvature.data = data_options(settings, context);
  const OperatorPtr matrix =
      make_curvature(curvature, model, subset, objective, context.cost, context.generator);
  const bool may_switch = settings.on_negative_curvature == NegativeCurvaturePolicy::kSwitchToGgn;
  OperatorPtr ggn;
  if (may_switch) {
    ggn = std::make_shared<GaussNewton>(model, subset, objective, context.cost, curvature.data);
  }
  std::int64_t for_preconditioner = 0;
  const MakePreconditioner preconditioner =
      is_kronecker(settings.curvature.kind)
          ? by_structure(matrix)
          : make_preconditioner(settings, model, subset, objective, context, for_preconditioner);
  const std::shared_ptr<const Solver> solver =
      settings.solver ? settings.solver : make_solver("cg", settings.limits);
  Solution solution = solve_damped(
      {.matrix = *matrix,
       .b = b,
       .l2 = objective.l2,
       .ggn = ggn.get(),
       .preconditioner = preconditioner,
       .generator = &context.generator,
       .stop = [&] { return context.should_stop(); }},
      {.damping = settings.damping, .on_negative_curvature = settings.on_negative_curvature},
      *solver);
  solution.report.products += for_preconditioner;
  if (const auto kronecker = with_structure(matrix)) {
    solution.report.matrix_note = kronecker->note_without_rules();
  }
  solution.report.sample_gradients = context.cost.sample_gradients() - cost_before;
  return solution;
}

}  // namespace oubli
