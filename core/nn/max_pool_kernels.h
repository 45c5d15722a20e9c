// Maximum pooling over windows that tile the picture, channels last: for window size k
//
//   y[i, j, c] = max_{u, v < k} x[k i + u, k j + v, c],   place[i, j, c] = k u + v where it was,
//
// the first place in the order of u, then v, where several are as large; what is not a number
// counts as the largest, as in LibTorch. The place is kept in place of LibTorch's index into the
// picture: forwards, backwards and tangents are then the same walk over windows, a vector of
// channels at a time, where indices are followed one by one.
//
// Cost: one pass over x.
#pragma once

#include "core/base/tensor.h"

namespace oubli {

struct MaxPooled {
  Tensor output;  // [b, C, H / k, W / k], channels last
  Tensor place;   // integers of the width of x's numbers, shaped and laid out alike
};

// Whether the functions below apply: x [b, C, H, W] of float or double, channels last, H and W
// multiples of k.
bool has_max_pool_kernel(const Tensor& x, std::int64_t size);

MaxPooled max_pool(const Tensor& x, std::int64_t size);
// The entries of x [b, C, H, W] that were taken: the pooling of a tangent.
Tensor take_places(const Tensor& x, const Tensor& place, std::int64_t size);
// Its adjoint: g [b, C, H / k, W / k] where it was taken from, 0 elsewhere; [b, C, H, W].
Tensor put_places(const Tensor& g, const Tensor& place, std::int64_t size);

}  // namespace oubli
