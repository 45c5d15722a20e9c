// Changes of a linear memory W that give wanted values at some keys and move what it says to others
// least, in closed form. K [in, r] holds the keys in columns, R [out, r] what is missing there:
// wanted values minus W K.
//
//   ridge_write     argmin_D  |D K - R|^2 + tr(D C D')
//                   = R K' (C + K K')^-1
//   metric_write    R (K' C^-1 K + e I)^-1 K' C^-1
//                   with e = 0: argmin_D tr(D C D') subject to D K = R (K of full column rank)
//
// metric_write with e is ridge_write with e C, written in r unknowns instead of `in`: the first
// stands where C is singular or nothing but what it adds is known, the second where e may be 0.
// Their special cases are MEMIT, EMMET, ROME, LUNAR, UltraEdit and, in the coordinates of a
// subspace, AlphaEdit.
//
// float64. Error(kTask) where a matrix to be inverted is not positive definite. No keys: zeros.
#pragma once

#include "core/base/tensor.h"

namespace oubli {

Tensor ridge_write(const Tensor& c, const Tensor& keys, const Tensor& residual);
Tensor metric_write(const Tensor& c, const Tensor& keys, const Tensor& residual, double e);

// C^-1 b for a positive definite C.
Tensor solve_positive(const Tensor& c, const Tensor& b);

}  // namespace oubli
