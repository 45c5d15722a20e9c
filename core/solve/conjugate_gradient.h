// Solves A x = b for a symmetric positive definite A that is known by its products only.
//
// Conjugate gradients, Hestenes and Stiefel 1952, from x = 0. The iterate minimises
// x'Ax/2 - b'x over the Krylov space; in exact arithmetic it ends in at most dim iterations, or in
// as many as A has distinct eigenvalues.
//
// Every way to end is a status. A direction p with p'Ap <= 0 ends with NegativeCurvature and the
// iterate reached before it (b itself, if that was the first direction, never: x = 0 then); the
// caller raises the damping. The residual reported is recomputed from x, not the recurrence's.
//
// Vectors are float64. Cost: one application for each iteration and one for the closing residual.
#pragma once

#include <functional>

#include "core/curvature/linear_operator.h"
#include "core/solve/solution.h"

namespace oubli {

struct ConjugateGradientOptions {
  double tolerance = 1e-8;  // on ||b - A x|| / ||b||
  std::int64_t max_iterations = 200;
};

// b: float64 [dim]. `stop` is asked once an iteration.
Solution conjugate_gradient(
    const LinearOperator& matrix, const Tensor& b, const ConjugateGradientOptions& options,
    const std::function<bool()>& stop = [] { return false; });

}  // namespace oubli
