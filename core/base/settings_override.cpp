#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "core/base/settings_file.h"
#include "core/base/text.h"

namespace oubli {
namespace {

using Kind = SettingsNode::Kind;

std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> parts(1);
  for (const char letter : path) {
    if (letter == '.') {
      parts.emplace_back();
    } else {
      parts.back() += letter;
    }
  }
  return parts;
}

void set_origin(SettingsNode& node, const Origin& origin) {
  node.origin = origin;
  node.key_origin = origin;
  for (SettingsNode& item : node.items) set_origin(item, origin);
  for (auto& [key, value] : node.entries) set_origin(value, origin);
}

// The name of an item such as `retrain` or `finetune: {epochs: 5}`, or "".
std::string item_name(const SettingsNode& item) {
  if (item.kind == Kind::kScalar) return item.scalar;
  return item.kind == Kind::kMap && item.entries.size() == 1 ? item.entries[0].first : "";
}

// The name that it has been given with `as`, or else that.
std::string row_name(const SettingsNode& item) {
  const std::string name = item_name(item);
  if (item.kind != Kind::kMap || name.empty()) return name;
  const SettingsNode* as = item.entries[0].second.find("as");
  return as != nullptr ? as->scalar : name;
}

// Whether the text can be the name of an entry with settings: numbers cannot.
bool is_name(const std::string& text) {
  return !text.empty() && std::isalpha(static_cast<unsigned char>(text.front())) != 0;
}

class Override {
 public:
  Override(const std::string& assignment, std::vector<std::string> path, SettingsNode value)
      : origin_{"--set " + clipped(assignment), 0, 0},
        path_(std::move(path)),
        value_(std::move(value)) {
    set_origin(value_, origin_);
  }

  // Sets the value at path_[depth...] inside `node`.
  void set(SettingsNode& node, std::size_t depth) const {
    if (depth == path_.size()) {
      const Origin key_origin = node.key_origin;
      node = value_;
      // A misspelt key is reported where it was written first.
      if (!key_origin.source.empty()) node.key_origin = key_origin;
      return;
    }
    switch (node.kind) {
      case Kind::kNull:
        node.kind = Kind::kMap;
        [[fallthrough]];
      case Kind::kMap:
        return set(entry(node, path_[depth]), depth + 1);
      case Kind::kSequence:
        return set_in_item(node, depth);
      case Kind::kScalar:
        fail_at(origin_,
                fmt::format("'{}' is {} (at {}), which has no '{}' inside.", path_up_to(depth),
                            quote(node.scalar), node.origin.text(), path_[depth]));
    }
  }

 private:
  std::string path_up_to(std::size_t depth) const {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += (i > 0 ? "." : "") + path_[i];
    return text;
  }

  SettingsNode& entry(SettingsNode& map, const std::string& key) const {
    for (auto& [name, value] : map.entries) {
      if (name == key) return value;
    }
    SettingsNode fresh;
    fresh.origin = origin_;
    fresh.key_origin = origin_;
    map.entries.emplace_back(key, std::move(fresh));
    return map.entries.back().second;
  }

  void set_in_item(SettingsNode& sequence, std::size_t depth) const {
    const bool last = depth + 1 == path_.size();
    if (const std::optional<std::size_t> index = index_of(sequence, depth)) {
      SettingsNode& item = sequence.items[*index];
      const bool named_next = !last && item_name(item) == path_[depth + 1];
      if (last || !leads_into_settings(item) || (named_next && item.kind == Kind::kMap)) {
        return set(item, depth + 1);
      }
      return set(settings_of(item), depth + 1);
    }
    set(settings_of(named_item(sequence, depth)), depth + 1);
  }

  std::optional<std::size_t> index_of(const SettingsNode& sequence, std::size_t depth) const {
    const std::string& part = path_[depth];
    std::size_t index = 0;
    const auto [stop, failure] = std::from_chars(part.data(), part.data() + part.size(), index);
    if (stop != part.data() + part.size()) return std::nullopt;
    if (failure != std::errc() || index >= sequence.items.size()) {
      fail_at(origin_, fmt::format("'{}' has {} items, counted from 0; there is no item {}.",
                                   path_up_to(depth), sequence.items.size(), part));
    }
    return index;
  }

  SettingsNode& named_item(SettingsNode& sequence, std::size_t depth) const {
    std::vector<std::string> names;
    for (SettingsNode& item : sequence.items) {
      const std::string row = row_name(item);
      if (row == path_[depth] && row != item_name(item)) return item;
      if (!row.empty()) names.push_back(row);
    }
    SettingsNode* found = nullptr;
    for (SettingsNode& item : sequence.items) {
      const std::string name = item_name(item);
      if (name != path_[depth]) continue;
      if (found != nullptr) {
        fail_at(origin_, fmt::format("two items of '{}' are named '{}'; say which by its index, "
                                     "counted from 0, or name them with `as`.",
                                     path_up_to(depth), name));
      }
      found = &item;
    }
    if (found == nullptr) {
      fail_at(origin_, unknown_name_message(fmt::format("item of '{}'", path_up_to(depth)),
                                            path_[depth], names));
    }
    return *found;
  }

  static bool leads_into_settings(const SettingsNode& item) {
    if (item.kind == Kind::kScalar) return is_name(item.scalar);
    if (item.kind != Kind::kMap || item.entries.size() != 1) return false;
    const Kind inner = item.entries[0].second.kind;
    return inner == Kind::kMap || inner == Kind::kNull;
  }

  // The settings of a named item; a bare name becomes a map of one entry.
  static SettingsNode& settings_of(SettingsNode& item) {
    if (item.kind == Kind::kScalar) {
      SettingsNode settings;
      settings.origin = item.origin;
      settings.key_origin = item.origin;
      item.entries.emplace_back(item.scalar, std::move(settings));
      item.scalar.clear();
      item.kind = Kind::kMap;
    }
    return item.entries[0].second;
  }

  Origin origin_;
  std::vector<std::string> path_;
  SettingsNode value_;
};

}  // namespace

void apply_override(SettingsNode& root, const std::string& assignment) {
  const Origin origin{"--set " + clipped(assignment), 0, 0};
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos) fail_at(origin, "expected KEY=VALUE, such as train.epochs=5.");
  std::vector<std::string> path = split_path(assignment.substr(0, equals));
  if (std::any_of(path.begin(), path.end(), [](const auto& part) { return part.empty(); })) {
    fail_at(origin, "the key in front of '=' has an empty part.");
  }
  constexpr std::size_t kMostParts = 64;
  if (path.size() > kMostParts) {
    fail_at(origin, fmt::format("the key in front of '=' has more than {} parts.", kMostParts));
  }
  SettingsNode value = parse_settings(assignment.substr(equals + 1), origin.source);
  // Half a change must not remain where the path turns out to be wrong.
  SettingsNode changed = root;
  Override(assignment, std::move(path), std::move(value)).set(changed, 0);
  root = std::move(changed);
}

}  // namespace oubli
