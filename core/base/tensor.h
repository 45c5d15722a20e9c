// The one tensor type of the toolkit: LibTorch's, included narrowly.
//
// Public headers include this file and never torch/torch.h, which costs every user of the
// installed package many seconds for each source file.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace oubli {

using Tensor = at::Tensor;
using Tensors = std::vector<Tensor>;

// Tensors by name, in an order.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

// Undefined where there is none of that name.
inline Tensor find_tensor(const NamedTensors& tensors, const std::string& name) {
  for (const auto& [own, tensor] : tensors) {
    if (own == name) return tensor;
  }
  return {};
}

// Values [b] in a shape that multiplies each row of `like` [b, ...].
inline Tensor by_example(const Tensor& values, const Tensor& like) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(like.dim()), 1);
  shape[0] = -1;
  return values.view(shape);
}

// All values, in their order, as numbers of type T.
template <typename T>
std::vector<T> as_vector(const Tensor& values) {
  const Tensor flat = values.to(c10::CppTypeToScalarType<T>::value).contiguous();
  const T* data = flat.const_data_ptr<T>();
  return {data, data + flat.numel()};
}

// x [n, positions, d] at one position of each, int64 [n]: [n, d].
inline Tensor at_positions(const Tensor& x, const Tensor& at) {
  return x.gather(1, at.view({-1, 1, 1}).expand({-1, 1, x.size(2)})).squeeze(1);
}

// Where the largest entry along a dimension stands, the lowest of equals: `argmax` does not say
// which of several it returns.
inline Tensor lowest_largest(const Tensor& scores, std::int64_t dimension) {
  return scores.eq(scores.amax(dimension, /*keepdim=*/true)).to(at::kInt).argmax(dimension);
}

}  // namespace oubli
