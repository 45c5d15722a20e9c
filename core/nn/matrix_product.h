// The products that linear layers over many positions are made of.
//
// In float32 they are oneDNN's, which writes its loops for the processor at hand; the library that
// LibTorch's own `mm` calls takes twice the time on processors of another maker than its own
// (measured on an AMD EPYC with AVX-512, one thread, 2,880 rows: 245 against 109 GFLOP/s). Both are
// exact to rounding. Where LibTorch was built without oneDNN, and in float64, `mm` stands.
#pragma once

#include "core/base/tensor.h"

namespace oubli {

// a b' + bias: a [m, k], b [n, k], bias [n] or undefined; either may be a transposed view. Not
// differentiable: for where derivatives are written down.
Tensor times_transposed(const Tensor& a, const Tensor& b, const Tensor& bias = {});

}  // namespace oubli
