#include "experiments/engine/plan/trial_settings.h"

#include <utility>

namespace oubli {
namespace {

using Entry = TrialSettings::value_type;

void set_entry(SettingsNode& map, const Entry& entry) {
  for (auto& [key, value] : map.entries) {
    if (key == entry.first) {
      value = entry.second;
      return;
    }
  }
  map.entries.push_back(entry);
}

Json as_json(const SettingsNode& node) {
  if (node.kind == SettingsNode::Kind::kSequence) {
    Json items = Json::array();
    for (const SettingsNode& item : node.items) items.push_back(as_json(item));
    return items;
  }
  if (node.kind == SettingsNode::Kind::kMap) {
    Json map = Json::object();
    for (const auto& [key, value] : node.entries) map[key] = as_json(value);
    return map;
  }
  const Json number = Json::parse(node.scalar, nullptr, /*allow_exceptions=*/false);
  return number.is_number() || number.is_boolean() ? number : Json(node.scalar);
}

}  // namespace

SettingsNode without_entries(SettingsNode map, const std::set<std::string>& keys) {
  std::erase_if(map.entries, [&](const Entry& entry) { return keys.contains(entry.first); });
  return map;
}

SettingsNode only_entries(SettingsNode map, const std::set<std::string>& keys) {
  map.kind = SettingsNode::Kind::kMap;
  std::erase_if(map.entries, [&](const Entry& entry) { return !keys.contains(entry.first); });
  return map;
}

SettingsNode with_trial(SettingsNode base, const TrialSettings& trial) {
  base.kind = SettingsNode::Kind::kMap;
  for (const Entry& entry : trial) set_entry(base, entry);
  return base;
}

Json changes_of(const TrialSettings& trial) {
  Json changes = Json::object();
  for (const auto& [key, value] : trial) changes[key] = as_json(value);
  return changes;
}

}  // namespace oubli
