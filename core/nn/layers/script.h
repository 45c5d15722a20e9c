// A whole network that PyTorch wrote down: scripted or traced TorchScript, as one layer.
//
// Its parameters stand in the table under their own names, and are handed in with each pass like
// any other's; buffers of numbers, such as running statistics, are the table's buffers. It has no
// rules: everything is by automatic differentiation, one operation at a time, so products and
// gradients of single examples are right and slower than those of layers with rules. What it draws
// in training mode (dropout) comes from the pass's generator. A traced network keeps dropout and
// batch normalisation as they were when it was traced; a scripted one has both modes. Attention is
// computed in its plain form, which can be differentiated twice.
//
// How a parameter starts in a model that is trained from scratch is not written down in the file.
// It is PyTorch's default for its kind of layer: weights of normalisations 1 and biases 0,
// embeddings N(0, 1), all else uniform by the inputs of an output.
//
// Errors: Error(kData) for a file that is no TorchScript; Error(kNumerics) where an operation
// cannot be differentiated as often as is asked, with its name (automatic_linearisation.h). One
// pass at a time goes through a network, whatever the number of threads and copies.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "core/nn/model.h"
#include "core/nn/tensor_file.h"

namespace oubli {

// Adds the network's parameters and buffers to the table.
LayerPtr make_script_layer(const std::filesystem::path& file, ParameterTable& table);

// Evaluates the network of a file on two examples of this shape, with its weights moved a little:
// `model` is left so. Throws Error(kData) where evaluation mode draws numbers or mixes examples,
// as after tracing in training mode, and where the network runs on copies of its parameters. Cost:
// four small passes.
void require_trainable_script(Model& model, const std::filesystem::path& file,
                              std::vector<std::int64_t> input);

// The parameters and buffers that the file holds.
TensorFile script_weights(const std::filesystem::path& file);

}  // namespace oubli
