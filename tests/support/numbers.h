// Tensors to test with, and how far apart two are.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "core/base/random.h"

namespace oubli::testing {

// Standard normal numbers, float64.
inline Tensor random(at::IntArrayRef shape, std::uint64_t seed = 2) {
  return Generator(seed).normal(shape, at::kDouble);
}

inline Tensor values(const std::vector<double>& list) { return at::tensor(list, at::kDouble); }

// The largest absolute entry.
inline double largest(const Tensor& t) { return t.abs().max().item<double>(); }

// |x - truth| / |truth|.
inline double relative_error(const Tensor& x, const Tensor& truth) {
  return ((x - truth).norm() / truth.norm()).item<double>();
}

}  // namespace oubli::testing
