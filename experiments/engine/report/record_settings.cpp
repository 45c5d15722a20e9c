#include "experiments/engine/report/record_settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/settings_file.h"
#include "core/base/text.h"

namespace oubli {
namespace {

// Values by their path, "optimizer.lr".
Json by_path(const Json& settings) {
  Json values = Json::object();
  if (!settings.is_structured() || settings.empty()) return values;
  const Json flat = settings.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    std::string path = pointer.empty() ? pointer : pointer.substr(1);
    std::replace(path.begin(), path.end(), '/', '.');
    values[path] = value;
  }
  return values;
}

std::string said(const Json& value) {
  if (value.is_null()) return "empty";
  return clipped(value.is_string() ? value.get<std::string>() : value.dump());
}

std::string first_difference(const Json& before, const Json& now, const std::string& prefix) {
  const Json values = by_path(now), old = by_path(before);
  for (const auto& [path, value] : old.items()) {
    const auto found = values.find(path);
    if (found != values.end() && *found == value) continue;
    const std::string is = found == values.end() ? "is not that" : "is " + said(*found);
    return fmt::format("{}{} was {}, and {}", prefix, clipped(path), said(value), is);
  }
  return "";
}

// As a file says it: what is written is compared.
Json written(const SettingsNode& node) {
  Json value;
  if (node.kind == SettingsNode::Kind::kScalar) value = node.scalar;
  for (const SettingsNode& item : node.items) value.push_back(written(item));
  for (const auto& [key, entry] : node.entries) value[key] = written(entry);
  return value;
}

}  // namespace

std::string method_difference(const Json& recorded, const MethodRow& row) {
  const std::string name = recorded.at("name").get<std::string>();
  if (name != row.info.name) return fmt::format("it was {}, and is {}", name, row.info.name);
  Json before = recorded.at("settings");
  before.erase("as");  // a name, which changes nothing
  return first_difference(before, row.settings, "");
}

std::string training_difference(const std::filesystem::path& resolved,
                                const Experiment& experiment) {
  const SettingsNode before = read_settings_file(resolved);
  const SettingsNode now = parse_settings(to_yaml(experiment.spec.resolved), "settings");
  for (const char* part : {"model", "train"}) {
    const SettingsNode* was = before.find(part);
    const SettingsNode* is = now.find(part);
    if (was == nullptr) continue;
    const Json present = is == nullptr ? Json() : written(*is);
    std::string difference = first_difference(written(*was), present, std::string(part) + ".");
    if (!difference.empty()) return difference;
  }
  return "";
}

}  // namespace oubli
