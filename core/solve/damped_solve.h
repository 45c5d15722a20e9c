// One curvature step: solves (C + mu I) x = b, with C the Hessian or Gauss-Newton matrix of the
// objective over a set, and decides the damping mu.
//
// damping: a number is used as it is. `auto` is 0.1 tr(C) / dim, a tenth of the mean eigenvalue
// (the scale that Grosse et al. 2023, arXiv 2308.03296, use for influence), with the trace from
// Hutchinson's estimate over 8 probes. In both cases, when conjugate gradients meet negative
// curvature, the damping is raised to max(10 mu, 2 |p'Cp| / p'p) and the solve starts again, at
// most 12 times; the report holds the damping that was used in the end.
#pragma once

#include <optional>

#include "core/base/context.h"
#include "core/base/settings.h"
#include "core/curvature/curvature.h"
#include "core/solve/conjugate_gradient.h"

namespace oubli {

struct CurvatureSolveSettings {
  CurvatureKind kind = CurvatureKind::kGgn;
  std::optional<double> damping;  // nullopt: auto
  ConjugateGradientOptions cg;

  // Reads curvature, damping, tolerance and max_iterations.
  static CurvatureSolveSettings read(const Settings& settings);
};

// b: float64 [dim].
Solution solve_curvature(const CurvatureSolveSettings& settings, const Model& model,
                         const Subset& subset, const Objective& objective, const Tensor& b,
                         Context& context);

}  // namespace oubli
