#include "core/base/settings_file.h"

namespace oubli {
namespace {

Json to_json(const Origin& origin) { return {origin.source, origin.line, origin.column}; }

Origin origin_from(const Json& json) {
  return {json.at(0).get<std::string>(), json.at(1).get<int>(), json.at(2).get<int>()};
}

}  // namespace

// {at: origin, key_at: origin} and one of text, items and entries; null has none.
Json to_json(const SettingsNode& node) {
  Json json = {{"at", to_json(node.origin)}, {"key_at", to_json(node.key_origin)}};
  switch (node.kind) {
    case SettingsNode::Kind::kNull:
      break;
    case SettingsNode::Kind::kScalar:
      json["text"] = node.scalar;
      break;
    case SettingsNode::Kind::kSequence:
      json["items"] = Json::array();
      for (const SettingsNode& item : node.items) json["items"].push_back(to_json(item));
      break;
    case SettingsNode::Kind::kMap:
      json["entries"] = Json::array();
      for (const auto& [key, value] : node.entries) {
        json["entries"].push_back(Json::array({key, to_json(value)}));
      }
      break;
  }
  return json;
}

SettingsNode settings_from_json(const Json& json) {
  SettingsNode node;
  node.origin = origin_from(json.at("at"));
  node.key_origin = origin_from(json.at("key_at"));
  if (json.contains("text")) {
    node.kind = SettingsNode::Kind::kScalar;
    node.scalar = json.at("text").get<std::string>();
  } else if (json.contains("items")) {
    node.kind = SettingsNode::Kind::kSequence;
    for (const Json& item : json.at("items")) node.items.push_back(settings_from_json(item));
  } else if (json.contains("entries")) {
    node.kind = SettingsNode::Kind::kMap;
    for (const Json& entry : json.at("entries")) {
      node.entries.emplace_back(entry.at(0).get<std::string>(), settings_from_json(entry.at(1)));
    }
  }
  return node;
}

}  // namespace oubli
