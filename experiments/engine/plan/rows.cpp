#include "experiments/engine/plan/rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "core/unlearn/chosen_method.h"
#include "experiments/engine/plan/trial_settings.h"

namespace oubli {
namespace {

// A row whose settings a sweep chooses: its resolved settings are those of each trial.
MethodRow read_swept(const SettingsNode& node, const Registries& registries, MethodRow row) {
  const Settings settings(only_entries(node, {"as"}));
  row.name = read_row_name(settings, row.method);
  row.sweep = std::make_shared<const Sweep>(
      read_sweep(node, registries.metrics,
                 [&](const Settings& trial) { return row.info.make(trial, registries.methods); }));
  row.unlearner = row.sweep->trials.front().unlearner;
  row.settings = settings.resolved();
  row.settings["sweep"] = row.sweep->resolved;
  return row;
}

MethodRow read_method(const SettingsNode& item, const Registries& registries) {
  const MethodItem read = method_item(item);
  const SettingsNode& settings_node = read.settings;
  MethodRow row;
  row.method = read.name;
  row.origin = read.origin;
  if (!registries.methods.contains(row.method)) {
    fail_at(row.origin, unknown_name_message("method", row.method, registries.methods.names()) +
                            " What a plug-in brings is known with `--plugin FILE`.");
  }
  row.info = registries.methods.find(row.method);
  if (settings_node.find("sweep") != nullptr) return read_swept(settings_node, registries, row);
  const Settings settings(settings_node);
  row.name = read_row_name(settings, row.method);
  row.unlearner = row.info.make(settings, registries.methods);
  settings.finish();
  row.settings = settings.resolved();
  return row;
}

using Lack = bool (*)(const MethodInfo&);

// The first of a method's parts, or of theirs, that lacks something; empty where none does.
std::string part_that_lacks(Lack lacks, const Json& parts, const Methods& methods) {
  for (const Json& part : parts) {
    const std::string name = part.at("name");
    if (lacks(methods.find(name))) return name;
    if (!part.contains("parts")) continue;
    const std::string inner = part_that_lacks(lacks, part.at("parts"), methods);
    if (!inner.empty()) return inner;
  }
  return "";
}

// Of the row's method, of all trials, and their parts.
std::string first_that_lacks(Lack lacks, const MethodRow& row, const Methods& methods) {
  if (lacks(row.info)) return row.method;
  std::vector<const Unlearner*> made = {row.unlearner.get()};
  if (row.sweep) {
    for (const Trial& trial : row.sweep->trials) made.push_back(trial.unlearner.get());
  }
  for (const Unlearner* each : made) {
    const std::string part = part_that_lacks(lacks, each->parts(), methods);
    if (!part.empty()) return part;
  }
  return "";
}

void require_adding(const MethodRow& row, const Methods& methods) {
  const std::string unable =
      first_that_lacks([](const MethodInfo& info) { return !info.supports_adding; }, row, methods);
  if (unable.empty()) return;
  fail_at(row.origin, fmt::format("'{}' cannot add data: leave it out of an experiment whose "
                                  "edit adds points.",
                                  unable));
}

void note_examples(MethodRow& row, const Methods& methods) {
  row.takes_no_labels =
      first_that_lacks([](const MethodInfo& info) { return !info.takes_labels; }, row, methods);
  row.takes_no_sequences =
      first_that_lacks([](const MethodInfo& info) { return !info.takes_sequences; }, row, methods);
}

}  // namespace

bool is_original_row(const std::string& name) {
  return name == kOriginalRow || name.starts_with(std::string(kOriginalRow) + " (");
}

bool is_noise_floor_row(const std::string& name) { return name.starts_with(kNoiseFloor); }

bool is_swept_noise_floor_row(const std::string& name) {
  return name.starts_with(kSweptNoiseFloor);
}

std::string read_row_name(const Settings& method, const std::string& default_value) {
  std::string name =
      method.text("as", {.default_value = default_value, .doc = "name of the row in tables"});
  if (!method.is_describing() &&
      (name.empty() || name.find_first_of("\r\n") != std::string::npos)) {
    method.fail("as", "the name of a row is one line of text.");
  }
  return name;
}

std::vector<MethodRow> read_methods(const Settings& root, const Registries& registries,
                                    bool is_adding) {
  std::vector<SettingsNode> items = root.sequence("methods", "rows of the table");
  const std::vector<SettingsNode> more = root.sequence(
      "more_methods", "rows behind these, in a file that extends another: lists do not merge");
  items.insert(items.end(), more.begin(), more.end());
  if (items.empty() && !root.is_describing()) {
    root.fail("methods", fmt::format("'methods' lists no method. Valid: {}.",
                                     fmt::join(registries.methods.names(), ", ")));
  }
  std::vector<MethodRow> rows;
  Json record = Json::array();
  std::set<std::string> names;
  for (const SettingsNode& item : items) {
    MethodRow row = read_method(item, registries);
    if (is_original_row(row.name) || is_noise_floor_row(row.name)) {
      fail_at(row.origin, fmt::format("a row cannot be named '{}', as rows that are always there: "
                                      "give it another name with `as: ...`.",
                                      row.name));
    }
    if (!names.insert(row.name).second) {
      fail_at(row.origin, fmt::format("two rows are named '{}': give one of them another name with "
                                      "`as: ...`.",
                                      row.name));
    }
    if (is_adding) require_adding(row, registries.methods);
    note_examples(row, registries.methods);
    record.push_back({{row.method, row.settings}});
    rows.push_back(std::move(row));
  }
  root.record("methods", std::move(record));
  return rows;
}

}  // namespace oubli
