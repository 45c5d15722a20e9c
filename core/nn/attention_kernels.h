// Causal attention of short sequences, one pass over memory for each example and head.
//
// LibTorch's batched products are made for large matrices; those of a sentence of ten tokens are
// 10 by 16. Here each head of each example is done in one go, with what it reads in the cache.
// Float32 and float64; results do not depend on the number of threads.
#pragma once

#include "core/base/tensor.h"

namespace oubli {

struct Attended {
  Tensor weights;  // [b, heads, t, t], 0 above the diagonal
  Tensor output;   // [b, t, features]
};

// x [b, t, 3 features] contiguous, as CausalAttention takes it.
Attended attend(const Tensor& x, std::int64_t heads);
// The gradient in x, from g [b, t, features] in the output: [b, t, 3 features].
Tensor attend_adjoint(const Tensor& x, const Tensor& weights, const Tensor& g);

}  // namespace oubli
