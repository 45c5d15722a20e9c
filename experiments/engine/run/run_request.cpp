#include "experiments/engine/run/run_request.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>
#include <vector>

#include "core/base/settings_file.h"

namespace oubli {
namespace {

// Rows in place of a file that lists them, or ids: it may be changed while the run goes on.
void pin_rows(SettingsNode& edit, const char* part, const Tensor& rows) {
  for (auto& [name, selector] : edit.entries) {
    if (name != part) continue;
    for (auto& [kind, node] : selector.entries) {
      const bool lists_rows = kind == "indices" && node.kind == SettingsNode::Kind::kScalar;
      if (!lists_rows && kind != "ids") continue;
      kind = "indices";
      SettingsNode list;
      list.kind = SettingsNode::Kind::kSequence;
      list.origin = node.origin;
      list.key_origin = node.key_origin;
      const auto* values = rows.const_data_ptr<std::int64_t>();
      for (std::int64_t i = 0; i < rows.numel(); ++i) {
        SettingsNode& item = list.items.emplace_back();
        item.kind = SettingsNode::Kind::kScalar;
        item.scalar = fmt::to_string(values[i]);
        item.origin = node.origin;
      }
      node = std::move(list);
    }
  }
}

// `removed`: known or not.
void pin_edit(SettingsNode& edit, const Tensor& removed, const Task& task) {
  pin_rows(edit, "remove", removed);
  pin_rows(edit, "add", task.added.rows);
}

// Requests that a file lists, one by one.
SettingsNode pinned_requests(const SettingsNode& edit, const Experiment& experiment) {
  SettingsNode list;
  list.kind = SettingsNode::Kind::kSequence;
  list.origin = edit.origin;
  list.key_origin = edit.key_origin;
  for (const Request& request : experiment.requests) {
    SettingsNode ids;  // any kind of selector that pin_rows replaces
    ids.kind = SettingsNode::Kind::kSequence;
    ids.origin = edit.origin;
    SettingsNode selector;
    selector.kind = SettingsNode::Kind::kMap;
    selector.origin = edit.origin;
    selector.entries = {{"ids", ids}};
    SettingsNode& one = list.items.emplace_back();
    one.kind = SettingsNode::Kind::kMap;
    one.origin = edit.origin;
    one.entries = {{"remove", selector}};
    pin_edit(one, request.removed, request.task);
  }
  return list;
}

Json settings_for_workers(const Experiment& experiment) {
  SettingsNode root = experiment.spec.root;
  for (auto& [name, edit] : root.entries) {
    if (name != "edit") continue;
    const SettingsNode* requests = edit.find("requests");
    if (requests != nullptr && requests->find("file") != nullptr) {
      edit = pinned_requests(edit, experiment);
    } else if (edit.kind == SettingsNode::Kind::kSequence) {
      for (std::size_t k = 0; k < edit.items.size(); ++k) {
        const Request& request = experiment.requests[k];
        pin_edit(edit.items[k], request.removed, request.task);
      }
    } else {
      const Task& task = experiment.task;
      pin_edit(edit, rows_union(task.forget.rows, experiment.unknown), task);
    }
  }
  return to_json(root);
}

// Of the data, and of the models that are given.
std::string hash_of_inputs(const Experiment& experiment) {
  return fmt::format("{}{}", experiment.data_hash, fmt::join(experiment.original_hashes, ""));
}

}  // namespace

RunRequest request_of(const Experiment& experiment, const std::string& data,
                      const std::string& store, std::int64_t memory) {
  return {settings_for_workers(experiment),
          experiment.spec.file.string(),
          data,
          hash_of_inputs(experiment),
          store,
          memory};
}

Experiment experiment_of(const RunRequest& request, const Registries& registries) {
  Spec spec = read_spec(Settings(settings_from_json(request.settings)), request.file, registries);
  at::set_num_threads(static_cast<int>(spec.threads));
  Experiment experiment = prepare_experiment(std::move(spec), default_data_folders(request.data));
  if (hash_of_inputs(experiment) != request.data_hash) {
    throw Error(ErrorKind::kData,
                "the files of the data or of the model were changed since the run began: run it "
                "again.");
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
