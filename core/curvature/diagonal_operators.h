// Operators that are diagonal: in the coordinates, or in a few orthonormal directions with one
// number for all that is outside their span. Preconditioners and low-rank inverses are made of
// them.
//
// Sizes that do not fit throw Error(kUsage).
#pragma once

#include "core/curvature/linear_operator.h"

namespace oubli {

// diag(d) for d: float64 [dim]. The floor is the smallest entry.
OperatorPtr diagonal_operator(Tensor entries);

// W diag(inside) W' + outside (I - W W') for W with orthonormal columns [dim, r]: a function of a
// low-rank matrix. The floor is the smallest of `inside` and, where r < dim, `outside`.
OperatorPtr spectral(Tensor w, Tensor inside, double outside);

}  // namespace oubli
