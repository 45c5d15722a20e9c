// Weights on disk: a model's parameters and buffers in a tensor file, under PyTorch's names.
//
//   save_model(model, "model.safetensors", {{"architecture", "mlp"}});
//   load_weights(model, "model.safetensors");
//
// Files written by PyTorch's state_dict with safetensors load where the architectures agree. Whole
// numbers that no parameter is called by are passed over: counters such as `num_batches_tracked`,
// positions and masks are no weights, and neither are the causal masks of GPT-2 (`attn.bias` of
// four dimensions, `attn.masked_bias`), which are real numbers. A parameter that several layers
// share may stand under each of its names, with the same values. `module.` in front of every name,
// which DataParallel leaves, is passed over too, names may be translated and matrices turned:
//
//   load_weights(model, file, "net", {{{"body.0", "conv1"}}, {}});   body.0.weight is conv1.weight
//   load_weights(model, file, "gpt2", {{}, {"c_attn", "c_fc", "c_proj"}});    [in, out] in the file
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/nn/matching_names.h"
#include "core/nn/model.h"
#include "core/nn/tensor_file.h"

namespace oubli {

// Throws Error(kStore) as write_tensors does.
void save_model(const Model& model, const std::filesystem::path& path,
                const std::map<std::string, std::string>& metadata = {});

// Names, shapes or types are not the model's: the message lists all that is missing, unexpected or
// of another shape.
class WeightsMisfit : public Error {
 public:
  explicit WeightsMisfit(const std::string& message) : Error(ErrorKind::kData, message) {}
};

// Replaces every parameter and buffer, converting between floating types. Leaves the model as it
// was and throws WeightsMisfit unless the names are exactly those of the model and every shape
// agrees, Error(kData) unless every value is finite in the model's type.
void load_weights(Model& model, const std::filesystem::path& path);
// The same from what was read of a file; `where` names it in messages.
void load_weights(Model& model, const TensorFile& file, const std::string& where);
// With names as renamed() makes them and matrices as turned() does. Where another form would make
// it fit, the message has all of it, from the file's own names.
void load_weights(Model& model, const TensorFile& file, const std::string& where,
                  const FileForm& form);

// The file with the model's names: `module.` dropped where every name begins with it, and the
// longest beginning that `renaming` has replaced. Throws Error(kData) where nothing begins so, and
// where two tensors get one name.
TensorFile renamed(TensorFile file, const Renaming& renaming, const std::string& where);

// The file with the matrices of these layers, by the last part of their names, turned. Throws
// Error(kData) where no layer with a matrix has such a name.
TensorFile turned(TensorFile file, const std::vector<std::string>& layers,
                  const std::string& where);

}  // namespace oubli
