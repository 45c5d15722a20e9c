// Weights in whatever file holds them: safetensors, or a network that PyTorch traced or scripted.
#pragma once

#include <filesystem>

#include "core/nn/tensor_file.h"

namespace oubli {

// Throws Error(kData) as read_tensors does. A file of torch.save, which is neither, is answered
// with what converts it.
TensorFile read_weights(const std::filesystem::path& path);

}  // namespace oubli
