// What a solver returns: a vector, how it ended, and the certificate: the numbers that say how far
// to trust it.
//
// The residual is recomputed from x. The bound on the error is
//
//   |x - x*| <= (|b - A x| + rounding) / floor
//
// where no eigenvalue of A is below floor > 0. With the operator's own eigenvalue_floor(), and
// products that are exact up to float64's rounding, it is rigorous: `rounding` = 4 eps |b| + 4 p
// rho |x|, rho the largest |A v| / |v| seen and p the operator's precision(), allows for that. It
// is an estimate, and marked as one, with products of a float32 model, and with the smallest Ritz
// value in the floor's place, which is never below the smallest eigenvalue.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/settings.h"
#include "core/base/tensor.h"

namespace oubli {

enum class SolveStatus {
  kConverged,          // the residual is below the tolerance
  kMaxIterations,      // it is not, and no iterations (or no rank) are left
  kNegativeCurvature,  // a direction p with p'Ap <= 0: the matrix is not positive definite
  kBreakdown,          // the residual stopped falling: rounding, or a right-hand side out of range
  kNonFinite,          // a product or the right-hand side is not finite
  kStopped,            // ended from outside or by the budget
};
std::string to_string(SolveStatus status);

struct SolveReport {
  SolveStatus status = SolveStatus::kConverged;
  std::string message;                   // the numbers that caused the end, and what to try
  double relative_residual = 0;          // |b - A x| / |b|, recomputed from x; the worst column's
  std::vector<double> column_residuals;  // each column's

  std::int64_t iterations = 0;
  std::int64_t products = 0;    // columns that the operator was applied to, whatever for
  double sample_gradients = 0;  // what these cost: products * column_cost()

  // Ritz values of A, which lie inside its spectrum; with a preconditioner, the extreme Rayleigh
  // quotients of the search directions. Absent where the solver has none.
  // The solver was told what to do with negative curvature: the policy has no say.
  bool answers_negative_curvature = false;
  std::optional<double> smallest_ritz;
  std::optional<double> largest_ritz;
  std::optional<double> error_bound;  // on |x - x*|, the worst column's
  bool error_bound_is_rigorous = false;

  // Why x must not be taken as a step; empty where it may. Filled by solve_damped.
  std::string refusal;

  double damping = 0;          // that the operator held, where the caller says so
  std::string damping_note;    // why it is what it is
  std::string preconditioner;  // its description; empty for none
  std::string matrix_note;     // for which parameters the matrix is less than its name says

  // A direction of p'Ap <= 0 and unit length [dim], where one was met, and p'Ap.
  Tensor negative_direction;
  std::optional<double> rayleigh_quotient;

  // All but the tensors; numbers that are not finite are null.
  Json to_json() const;
};

struct Solution {
  Tensor x;  // float64 [dim] or [dim, k], as the right-hand side
  SolveReport report;
  Tensor residual = {};  // b - A x, shaped alike
};

}  // namespace oubli
