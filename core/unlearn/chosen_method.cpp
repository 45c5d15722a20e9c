#include "core/unlearn/chosen_method.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace oubli {
namespace {

ChosenMethod choose(const SettingsNode& node, const Methods& methods, Json& record) {
  const MethodItem item = method_item(node);
  ChosenMethod chosen;
  chosen.info = methods.find(item.name, item.origin);
  const Settings settings(item.settings);
  chosen.unlearner = chosen.info.make(settings, methods);
  settings.finish();
  record = {{item.name, settings.resolved()}};
  return chosen;
}

SettingsNode named(const std::string& name, const Origin& origin) {
  SettingsNode node;
  node.kind = SettingsNode::Kind::kScalar;
  node.scalar = name;
  node.origin = origin;
  return node;
}

}  // namespace

MethodItem method_item(const SettingsNode& item) {
  MethodItem read;
  read.origin = read.settings.origin = item.origin;
  if (item.kind == SettingsNode::Kind::kScalar) {
    read.name = item.scalar;
    return read;
  }
  if (item.kind != SettingsNode::Kind::kMap || item.entries.size() != 1) {
    fail_at(item.origin, "each method is a name, or one `name: {settings}`.");
  }
  const auto& [name, settings] = item.entries[0];
  read.name = name;
  read.origin = settings.key_origin;
  if (settings.kind != SettingsNode::Kind::kSequence) {
    read.settings = settings;
    return read;
  }
  read.settings.kind = SettingsNode::Kind::kMap;
  read.settings.origin = settings.origin;
  read.settings.entries.emplace_back("methods", settings);
  return read;
}

UnlearnReport ChosenMethod::run(Model& model, const Task& task, Context& context,
                                const std::string& stream) const {
  Context own = context;
  if (!stream.empty()) own.generator = context.generator.stream(stream);
  UnlearnReport report = run_unlearner(info, *unlearner, model, task, own);
  context.cost = own.cost;
  return report;
}

ChosenMethod read_method(const Settings& settings, const std::string& key, const Methods& methods,
                         const std::string& default_name, const std::string& doc) {
  const std::optional<SettingsNode> found =
      settings.raw(key, fmt::format("{}; default {}", doc, default_name));
  Json record;
  ChosenMethod chosen =
      choose(found ? *found : named(default_name, settings.origin()), methods, record);
  settings.record(key, std::move(record));
  return chosen;
}

std::vector<ChosenMethod> read_methods(const Settings& settings, const std::string& key,
                                       const Methods& methods,
                                       const std::vector<std::string>& default_names,
                                       const std::string& doc) {
  const std::optional<SettingsNode> found =
      settings.raw(key, fmt::format("{}; default [{}]", doc, fmt::join(default_names, ", ")));
  std::vector<SettingsNode> items;
  if (!found) {
    for (const std::string& name : default_names) items.push_back(named(name, settings.origin()));
  } else if (found->kind == SettingsNode::Kind::kSequence && !found->items.empty()) {
    items = found->items;
  } else {
    fail_at(found->origin, fmt::format("'{}' is a list of methods, as [finetune, newton].", key));
  }
  std::vector<ChosenMethod> chosen;
  Json record = Json::array();
  for (const SettingsNode& item : items) {
    Json one;
    chosen.push_back(choose(item, methods, one));
    record.push_back(std::move(one));
  }
  settings.record(key, std::move(record));
  return chosen;
}

void require_all(const std::vector<ChosenMethod>& methods, const Task& task) {
  for (const ChosenMethod& method : methods) method.unlearner->require(task);
}

std::optional<double> estimate_costs(const std::vector<ChosenMethod>& methods, const Task& task) {
  double sum = 0;
  for (const ChosenMethod& method : methods) {
    const std::optional<double> cost = method.unlearner->estimate_cost(task);
    if (!cost) return std::nullopt;
    sum += *cost;
  }
  return sum;
}

Json parts_of(const std::vector<ChosenMethod>& methods) {
  Json parts = Json::array();
  for (const ChosenMethod& method : methods) {
    Json part = {{"name", method.info.name}, {"version", method.info.version}};
    if (!method.info.file_hash.empty()) part["file_hash"] = method.info.file_hash;
    if (Json own = method.unlearner->parts(); !own.is_null()) part["parts"] = std::move(own);
    parts.push_back(std::move(part));
  }
  return parts;
}

TrainingPlan training_plan_of(const std::vector<ChosenMethod>& methods, TrainingPlan standard) {
  for (const ChosenMethod& method : methods) {
    standard = method.unlearner->training_plan(std::move(standard));
  }
  return standard;
}

bool note_method(const ChosenMethod& method, const UnlearnReport& own, UnlearnReport& whole) {
  Json record = own.to_json();
  record["name"] = method.info.name;
  record.erase("seconds");  // results are the same bits twice
  whole.details["methods"].push_back(std::move(record));
  if (!own.message.empty()) {
    whole.message +=
        fmt::format("{}{}: {}", whole.message.empty() ? "" : "; ", method.info.name, own.message);
  }
  switch (own.status) {
    case UnlearnStatus::kCompleted:
    case UnlearnStatus::kUnchanged:
      return true;
    case UnlearnStatus::kPartial:
      whole.status = own.status;
      return true;
    case UnlearnStatus::kDiverged:
    case UnlearnStatus::kStopped:
    case UnlearnStatus::kRefused:
      whole.status = own.status;
      return false;
  }
  return false;
}

}  // namespace oubli
