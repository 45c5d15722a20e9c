// What a solver returns: a vector, how it ended, and the numbers that say how far to trust it.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/settings.h"
#include "core/base/tensor.h"

namespace oubli {

enum class SolveStatus {
  kConverged,          // the residual is below the tolerance
  kMaxIterations,      // it is not, and no iterations are left
  kNegativeCurvature,  // a direction p with p'Ap <= 0: the matrix is not positive definite
  kBreakdown,          // the residual stopped falling: rounding, or a right-hand side out of range
  kNonFinite,          // a product or the right-hand side is not finite
  kStopped,            // ended from outside or by the budget
};
std::string to_string(SolveStatus status);

struct SolveReport {
  SolveStatus status = SolveStatus::kConverged;
  std::string message;            // the numbers that caused the end, and what to try
  double relative_residual = 0;   // ||b - A x|| / ||b||, recomputed from x with one product
  std::int64_t applications = 0;  // of the operator, the closing residual included
  double damping = 0;             // that the operator held, where the caller says so

  Json to_json() const;
};

struct Solution {
  Tensor x;  // float64 [dim]
  SolveReport report;
};

}  // namespace oubli
