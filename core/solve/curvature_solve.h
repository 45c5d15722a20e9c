// One curvature step of a model: solves (C + mu I) x = b, with C a curvature matrix of the
// objective over a set, regulariser included.
//
// The layer between settings and solve_damped (core/solve/damped_solve.h), which has the formulas
// for the damping and for what happens at negative curvature. K-FAC and EK-FAC are inverted by
// their structure: the exact inverse preconditions the solver, which then needs one or two products
// of the factored matrix itself, none of the data.
//
// Preconditioners, made from the Gauss-Newton or Fisher matrix, whichever the curvature:
//
//   jacobi     diagonal of the expected Fisher, exact     n (1 + 2 c) / 3 sample-gradients
//   nystroem   rank products of the Gauss-Newton matrix   4/3 n rank
//   kfac       Kronecker factors (kronecker_factors.h)    n (1 + 2 c) / 3, an eigenbasis a layer
//   ekfac      the same, eigenvalues corrected            n (2 + 6 c) / 3
//
// with c the outputs; of kfac and ekfac the draws where there are many outputs.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/base/context.h"
#include "core/base/settings.h"
#include "core/curvature/curvature.h"
#include "core/solve/damped_solve.h"

namespace oubli {

struct CurvatureSolveSettings {
  CurvatureSettings curvature = {};
  std::optional<double> damping;  // nullopt: auto
  SolverLimits limits;
  std::shared_ptr<const Solver> solver = nullptr;  // nullptr: cg within these limits
  NegativeCurvaturePolicy on_negative_curvature = NegativeCurvaturePolicy::kRaiseDamping;
  std::string preconditioner = "none";
  std::int64_t preconditioner_rank = 50;  // nystroem
  KroneckerOptions preconditioner_kronecker = {};

  // Reads curvature, damping, tolerance, max_iterations, solver, preconditioner,
  // on_negative_curvature and memory.
  static CurvatureSolveSettings read(const Settings& settings);
};

// b: float64 [dim] or [dim, k]. Sample-gradients in the report are what `context.cost` counted.
Solution solve_curvature(const CurvatureSolveSettings& settings, const Model& model,
                         const Subset& subset, const Objective& objective, const Tensor& b,
                         Context& context);

}  // namespace oubli
