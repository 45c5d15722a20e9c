// One curvature step of a model: solves (C + mu I) x = b, with C the Hessian or Gauss-Newton matrix
// of the objective over a set, regulariser included.
//
// The thin layer over solve_damped (core/solve/damped_step.h), which has the formulas for the
// damping and for what happens at negative curvature. The Gauss-Newton matrix is known to have no
// eigenvalue below the regulariser, so bounds on the error are rigorous for it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/base/context.h"
#include "core/base/settings.h"
#include "core/curvature/curvature.h"
#include "core/solve/damped_step.h"

namespace oubli {

struct CurvatureSolveSettings {
  CurvatureKind kind = CurvatureKind::kGgn;
  std::optional<double> damping;                   // nullopt: auto
  SolverLimits cg;                                 // of the solver, whichever it is
  std::shared_ptr<const Solver> solver = nullptr;  // nullptr: cg within these limits
  NegativeCurvaturePolicy on_negative_curvature = NegativeCurvaturePolicy::kRaiseDamping;
  std::string preconditioner = "none";  // none, jacobi or nystroem
  std::int64_t preconditioner_rank = 50;
  // The diagonal of the curvature, regulariser included, for jacobi. Empty: the expected Fisher
  // matrix's, exact for the GGN of cross-entropy; Error(kUsage) for other losses.
  std::function<Tensor(const Model&, const Subset&, const Objective&, Context&)> diagonal = {};

  // Reads curvature, damping, tolerance, max_iterations, solver, preconditioner and
  // on_negative_curvature.
  static CurvatureSolveSettings read(const Settings& settings);
};

// b: float64 [dim] or [dim, k]. Preconditioners are made from the Gauss-Newton matrix, whichever
// the curvature. Sample-gradients in the report are what `context.cost` counted.
Solution solve_curvature(const CurvatureSolveSettings& settings, const Model& model,
                         const Subset& subset, const Objective& objective, const Tensor& b,
                         Context& context);

}  // namespace oubli
