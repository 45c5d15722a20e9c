#include "experiments/engine/run/run_request.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <vector>

#include "core/base/settings_file.h"

namespace oubli {
namespace {

// Rows in place of the file that lists them: it may be changed while the run goes on.
void pin_rows(SettingsNode& edit, const char* part, const Tensor& rows) {
  for (auto& [name, selector] : edit.entries) {
    if (name != part) continue;
    for (auto& [kind, node] : selector.entries) {
      if (kind != "indices" || node.kind != SettingsNode::Kind::kScalar) continue;
      node.kind = SettingsNode::Kind::kSequence;
      const auto* values = rows.const_data_ptr<std::int64_t>();
      for (std::int64_t i = 0; i < rows.numel(); ++i) {
        SettingsNode& item = node.items.emplace_back();
        item.kind = SettingsNode::Kind::kScalar;
        item.scalar = fmt::to_string(values[i]);
        item.origin = node.origin;
      }
    }
  }
}

Json settings_for_workers(const Experiment& experiment) {
  SettingsNode root = experiment.spec.root;
  for (auto& [name, edit] : root.entries) {
    if (name != "edit") continue;
    pin_rows(edit, "remove", experiment.task.forget.rows);
    pin_rows(edit, "add", experiment.task.added.rows);
  }
  return to_json(root);
}

}  // namespace

RunRequest request_of(const Experiment& experiment, const std::string& data,
                      const std::string& store, std::int64_t memory) {
  return {settings_for_workers(experiment),
          experiment.spec.file.string(),
          data,
          experiment.data_hash,
          store,
          memory};
}

Experiment experiment_of(const RunRequest& request, const Registries& registries) {
  Spec spec = read_spec(Settings(settings_from_json(request.settings)), request.file, registries);
  at::set_num_threads(static_cast<int>(spec.threads));
  Experiment experiment = prepare_experiment(std::move(spec), default_data_folders(request.data));
  if (experiment.data_hash != request.data_hash) {
    throw Error(ErrorKind::kData,
                "the data's files were changed since the run began: run it again.");
  }
  return experiment;
}

std::string to_bytes(const RunRequest& request) {
  const std::vector<std::uint8_t> bytes = Json::to_cbor({{"settings", request.settings},
                                                         {"file", request.file},
                                                         {"data", request.data},
                                                         {"data_hash", request.data_hash},
                                                         {"store", request.store},
                                                         {"memory", request.memory},
                                                         {"plugins", request.plugins}});
  return std::string(bytes.begin(), bytes.end());
}

RunRequest request_from_bytes(const std::string& bytes) {
  const Json told = Json::from_cbor(bytes);
  return {told.at("settings"), told.at("file"),   told.at("data"),   told.at("data_hash"),
          told.at("store"),    told.at("memory"), told.at("plugins")};
}

}  // namespace oubli
