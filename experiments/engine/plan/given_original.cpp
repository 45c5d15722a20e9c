#include "experiments/engine/plan/given_original.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/file.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/nn/weights_file.h"

namespace oubli {
namespace {

Renaming read_renaming(const Settings& settings) {
  const std::optional<SettingsNode> node = settings.raw(
      "rename", "names in the file, or beginnings of names, by what they are in the model");
  Renaming renaming;
  if (!node) return renaming;
  if (node->kind != SettingsNode::Kind::kMap) {
    fail_at(node->origin, "'rename' must be a map of names, such as {body.0: conv1}.");
  }
  for (const auto& [from, to] : node->entries) {
    if (to.kind != SettingsNode::Kind::kScalar) {
      fail_at(
          to.kind == SettingsNode::Kind::kNull ? to.key_origin : to.origin,
          fmt::format("'rename' gives {} no name: one text was expected, such as {{{}: conv1}}; "
                      "names within it are written whole, `{}.weight: conv1.weight`.",
                      quote(from), clipped(from), clipped(from)));
    }
    renaming[from] = to.scalar;
  }
  settings.record("rename", renaming);
  return renaming;
}

}  // namespace

std::optional<GivenOriginals> read_given_originals(const Settings& root) {
  if (!root.has("original") && !root.is_describing()) return std::nullopt;
  const Settings settings = root.child("original",
                                       "a trained model to edit, in place of one that "
                                       "is trained here");
  GivenOriginals given;
  given.origin = settings.origin();
  const std::filesystem::path folder = settings.folder_of("weights");
  std::vector<std::string> recorded;
  for (const std::string& written :
       settings.texts("weights", "safetensors, or TorchScript, of each original: one, or a list")) {
    std::error_code ignored;
    const std::filesystem::path path = (folder / written).lexically_normal();
    given.files.push_back(path);
    recorded.push_back(std::filesystem::exists(path, ignored) ? path.string() : written);
  }
  settings.record("weights", recorded);
  given.form.rename = read_renaming(settings);
  given.form.transposed = settings.texts(
      "transposed",
      "layers, by the last part of their names, whose matrices the file holds as [in, out]: of "
      "GPT-2's own files [c_attn, c_fc, c_proj]");
  if (settings.is_describing()) return std::nullopt;
  if (given.files.empty()) {
    settings.finish();  // `weight: FILE` is a misspelt key rather than none
    fail_at(given.origin, "'original' needs 'weights', a safetensors file or a list of them.");
  }
  return given;
}

void GivenOriginals::load(Model& model, std::size_t number, const std::string& sha256) const {
  const std::filesystem::path& file = files.at(number);
  if (!sha256.empty() && file_hash_hex(file) != sha256) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: the file has changed since this run began.", file.string()));
  }
  const std::string where = fmt::format("{}: {}", origin.text(), file.string());
  try {
    load_weights(model, read_weights(file), where, form);
  } catch (const FileError& error) {
    throw Error(error.kind(), fmt::format("{}: {}", origin.text(), error.what()));
  }
}

TensorFile GivenOriginals::weights(std::size_t number) const {
  const TensorFile file = read_weights(files.at(number));
  try {
    return renamed(turned(file, form.transposed, ""), form.rename, "");
  } catch (const Error&) {  // load() has told what is wrong with them
    return file;
  }
}

TensorFile GivenOriginals::as_given(const Model& model, std::size_t number) const {
  const std::string where = files.at(number).string();
  TensorFile file = turned(read_weights(files.at(number)), form.transposed, where);
  const TensorFile named = renamed(file, form.rename, where);
  std::map<std::string, Tensor> values;
  for (std::size_t i = 0; i < model.parameters().size(); ++i) {
    const ParameterInfo& info = model.parameter_infos()[i];
    values[info.name] = model.parameters()[i].detach();
    for (const std::string& alias : info.aliases) values[alias] = values[info.name];
  }
  for (std::size_t i = 0; i < model.buffers().size(); ++i) {
    values[model.buffer_infos()[i].name] = model.buffers()[i];
  }
  for (std::size_t i = 0; i < file.tensors.size(); ++i) {
    const auto found = values.find(named.tensors[i].first);
    if (found == values.end()) continue;
    Tensor& tensor = file.tensors[i].second;
    tensor = found->second.to(tensor.scalar_type()).contiguous();
  }
  return turned(std::move(file), form.transposed, where);
}

}  // namespace oubli
