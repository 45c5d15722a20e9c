// The gradient of a convolution's kernels for each example on its own: for stride s and padding p
//
//   dW[o, c, u, v] = sum_{i, j} g[o, i, j] x[c, s i + u - p, s j + v - p].
//
// One example's is a product too small for what a call into a matrix library costs, and unfolding
// its input, or only padding it, costs as much as the arithmetic. Here an example is gathered once
// into memory that stays in the nearest cache, channels innermost, where a patch's row is a stretch
// of memory, and tiles of dW are summed in registers.
//
// Cost in multiply-adds: for each example that of the gradient, C / groups k^2 O H' W'.
#pragma once

#include "core/nn/second_moments.h"

namespace oubli {

// [b, O, C / groups, k, k] for inputs x [b, C, H, W] and gradients g [b, O, H', W'], both of float
// or both of double. Examples are shared out over LibTorch's threads.
Tensor kernel_gradients(const Tensor& x, const Tensor& g, const KernelWindow& window,
                        std::int64_t groups);

// Adds the squares, summed over the examples and over several g for each, to sums [O, C / groups,
// k, k].
void add_squared_kernel_gradients(const Tensor& x, const Tensors& gs, const KernelWindow& window,
                                  std::int64_t groups, const Tensor& sums);

}  // namespace oubli
