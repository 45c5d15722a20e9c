#include "experiments/engine/plan/given_original.h"

#include <fmt/format.h>

#include "core/base/hash.h"
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
  for (const auto& [from, to] : node->entries) renaming[from] = to.scalar;
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
  given.rename = read_renaming(settings);
  if (settings.is_describing()) return std::nullopt;
  if (given.files.empty()) {
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
  load_weights(model, renamed(read_weights(file), rename, file.string()), file.string());
}

}  // namespace oubli
