// The one tensor type of the toolkit: LibTorch's, included narrowly.
//
// Public headers include this file and never torch/torch.h, which costs every user of the
// installed package many seconds for each source file.
#pragma once

#include <ATen/core/Tensor.h>

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

}  // namespace oubli
