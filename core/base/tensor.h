// The one tensor type of the toolkit: LibTorch's, included narrowly.
//
// Public headers include this file and never torch/torch.h, which costs every user of the
// installed package many seconds for each source file.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace oubli {

using Tensor = at::Tensor;
using Tensors = std::vector<Tensor>;

}  // namespace oubli
