// Every setting of every choice, for `oubli describe`.
#include <algorithm>

#include "core/base/settings.h"

namespace oubli {
namespace {

// {a: {b: name}} for "a.b".
SettingsNode chosen_node(const std::string& key, const std::string& name) {
  const std::size_t dot = key.find('.');
  SettingsNode inner, node;
  if (dot == std::string::npos) {
    inner.kind = SettingsNode::Kind::kScalar;
    inner.scalar = name;
  } else {
    inner = chosen_node(key.substr(dot + 1), name);
  }
  node.kind = SettingsNode::Kind::kMap;
  node.entries.emplace_back(key.substr(0, dot), std::move(inner));
  return node;
}

}  // namespace

std::vector<SettingsDeclaration> describe(const std::function<void(const Settings&)>& read) {
  const auto declared = [&](SettingsNode chosen) {
    const Settings settings = Settings::describing(std::move(chosen));
    read(settings);
    return settings.declarations();
  };
  std::vector<SettingsDeclaration> all;
  const std::vector<SettingsDeclaration> standard = declared({});
  const auto is_of_a_name = [&](const SettingsDeclaration& own) {
    return std::any_of(standard.begin(), standard.end(), [&](const SettingsDeclaration& parent) {
      return !parent.names.empty() && own.key.starts_with(parent.key + ".");
    });
  };
  for (const SettingsDeclaration& own : standard) {
    if (!is_of_a_name(own)) all.push_back(own);
    std::vector<SettingsDeclaration> inner;
    for (const std::string& name : own.names) {
      for (SettingsDeclaration each : declared(chosen_node(own.key, name))) {
        if (!each.key.starts_with(own.key + ".")) continue;
        const auto same = std::find_if(inner.begin(), inner.end(), [&](SettingsDeclaration other) {
          other.only_with.clear();
          return other == each;
        });
        const auto found = same == inner.end() ? inner.insert(same, std::move(each)) : same;
        found->only_with.push_back(name);
      }
    }
    for (SettingsDeclaration& each : inner) {
      if (each.only_with == own.names) each.only_with.clear();
      all.push_back(std::move(each));
    }
  }
  return all;
}

}  // namespace oubli
