#include "core/base/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/base/settings_value.h"
#include "core/base/text.h"

namespace oubli {
namespace {

// A default as text; nothing where there is none.
template <typename T>
std::optional<std::string> as_text(const std::optional<T>& value) {
  return value ? std::optional(fmt::format("{}", *value)) : std::nullopt;
}
template <typename T>
std::optional<std::string> as_text(const std::optional<std::vector<T>>& values) {
  return values ? std::optional(fmt::format("[{}]", fmt::join(*values, ", "))) : std::nullopt;
}

// "a, b or c" of "a, b, c".
std::string alternatives(std::string names) {
  const std::size_t last = names.rfind(", ");
  if (last != std::string::npos) names.replace(last, 1, " or");
  return names;
}

}  // namespace

struct Settings::State {
  SettingsNode node;
  bool describing = false;
  std::set<std::string> read;
  std::set<std::string> asked_for;  // by has()
  Json resolved = Json::object();
  std::vector<SettingsDeclaration> declarations;
  std::vector<std::pair<std::string, Settings>> children;
};

Settings::Settings() : Settings(SettingsNode{}) {}

Settings::Settings(SettingsNode node) : state_(std::make_shared<State>()) {
  if (node.kind != SettingsNode::Kind::kMap && node.kind != SettingsNode::Kind::kNull) {
    fail_at(node.origin, fmt::format("a map of settings was expected, found {}.", kind_name(node)));
  }
  state_->node = std::move(node);
}

Settings Settings::describing(SettingsNode chosen) {
  Settings settings(std::move(chosen));
  settings.state_->describing = true;
  return settings;
}

const SettingsNode* Settings::take(const std::string& key, SettingsDeclaration declaration) const {
  declaration.key = key;
  if (!state_->read.insert(key).second) {
    throw Error(ErrorKind::kUsage, fmt::format("setting '{}' is read twice", key));
  }
  const bool required = !declaration.default_value;
  state_->declarations.push_back(std::move(declaration));
  const SettingsNode* found = state_->node.find(key);
  if (found != nullptr && found->kind == SettingsNode::Kind::kNull) {
    fail_at(found->origin, fmt::format("'{}' has no value.", key));
  }
  if (found == nullptr && required && !state_->describing) {
    fail_at_missing(key);
  }
  return found;
}

// A key that is there under another name is the likelier mistake.
void Settings::fail_at_missing(const std::string& key) const {
  std::vector<std::string> others;
  for (const auto& [name, value] : state_->node.entries) {
    if (!state_->read.contains(name)) others.push_back(name);
  }
  const std::string nearest = nearest_name(key, others);
  const SettingsDeclaration& asked = state_->declarations.back();
  std::string message = fmt::format("'{}' is missing: it has no default.", key);
  if (asked.type == "one of") {
    message += fmt::format(" It is one of {}.", alternatives(asked.range));
  }
  if (nearest.empty()) fail_at(origin(), message);
  fail_at(state_->node.find(nearest)->key_origin,
          fmt::format("{} Did you mean it by '{}'?", message, nearest));
}

double Settings::real(const std::string& key, const RealOption& option) const {
  const SettingsNode* found =
      take(key, {"", "number", range_text(option), as_text(option.default_value), option.doc});
  const double value =
      found ? parse_real(*found, key, option) : option.default_value.value_or(inside(option));
  state_->resolved[key] = value;
  return value;
}

std::int64_t Settings::integer(const std::string& key, const IntegerOption& option) const {
  const SettingsNode* found = take(
      key, {"", "whole number", range_text(option), as_text(option.default_value), option.doc});
  const std::int64_t placeholder =
      std::min(std::max<std::int64_t>(option.at_least, 1), option.at_most);
  const std::int64_t value =
      found ? parse_integer(*found, key, option) : option.default_value.value_or(placeholder);
  state_->resolved[key] = value;
  return value;
}

bool Settings::flag(const std::string& key, const FlagOption& option) const {
  const SettingsNode* found =
      take(key, {"", "true or false", "", as_text(option.default_value), option.doc});
  bool value = option.default_value.value_or(false);
  if (found != nullptr) {
    const std::string& word = parse_scalar(*found, key, "true or false");
    if (word != "true" && word != "false") {
      fail_at(found->origin,
              fmt::format("'{}' must be true or false, found {}.", key, kind_name(*found)));
    }
    value = word == "true";
  }
  state_->resolved[key] = value;
  return value;
}

std::string Settings::text(const std::string& key, const TextOption& option) const {
  const SettingsNode* found = take(key, {"", "text", "", option.default_value, option.doc});
  std::string value = found ? parse_scalar(*found, key, "text") : option.default_value.value_or("");
  state_->resolved[key] = value;
  return value;
}

std::string Settings::choice(const std::string& key, const ChoiceOption& option) const {
  const SettingsNode* found =
      take(key, {"", "one of", fmt::format("{}", fmt::join(option.valid, ", ")),
                 option.default_value, option.doc});
  std::string value = option.default_value.value_or(option.valid.front());
  if (found != nullptr) {
    value = parse_scalar(*found, key, fmt::format("one of {}", fmt::join(option.valid, ", ")));
    if (std::find(option.valid.begin(), option.valid.end(), value) == option.valid.end()) {
      fail_at(found->origin, unknown_name_message(key, value, option.valid));
    }
  }
  state_->resolved[key] = value;
  return value;
}

std::filesystem::path Settings::path(const std::string& key, const TextOption& option) const {
  const std::filesystem::path written = text(key, option);
  if (written.empty()) return written;
  const std::filesystem::path full = (folder_of(key) / written).lexically_normal();
  std::error_code ignored;
  if (!std::filesystem::exists(full, ignored)) return written;
  state_->resolved[key] = as_utf8(full.string());  // what is recorded is text
  return full;
}

std::optional<double> Settings::real_or(const std::string& key, const std::string& word,
                                        const RealOption& option) const {
  const SettingsNode* found =
      take(key, {"", fmt::format("number or '{}'", word), range_text(option),
                 as_text(option.default_value).value_or(word), option.doc});
  std::optional<double> value = option.default_value;
  if (found != nullptr) {
    const bool is_word = found->kind == SettingsNode::Kind::kScalar && found->scalar == word;
    value = is_word ? std::nullopt : std::optional(parse_real(*found, key, option));
  }
  state_->resolved[key] = value ? Json(*value) : Json(word);
  return value;
}

std::vector<std::int64_t> Settings::integers(
    const std::string& key, const std::optional<std::vector<std::int64_t>>& default_value,
    const IntegerOption& each) const {
  const SettingsNode* found =
      take(key, {"", "list of whole numbers", range_text(each), as_text(default_value), each.doc});
  std::vector<std::int64_t> values = default_value.value_or(std::vector<std::int64_t>{});
  if (found != nullptr) {
    if (found->kind != SettingsNode::Kind::kSequence) {
      fail_at(found->origin, fmt::format("'{}' must be a list, found {}.", key, kind_name(*found)));
    }
    values.clear();
    for (const SettingsNode& item : found->items) values.push_back(parse_integer(item, key, each));
  }
  state_->resolved[key] = values;
  return values;
}

std::vector<double> Settings::reals(const std::string& key,
                                    const std::optional<std::vector<double>>& default_value,
                                    const RealOption& each) const {
  const SettingsNode* found =
      take(key, {"", "list of numbers", range_text(each), as_text(default_value), each.doc});
  std::vector<double> values = default_value.value_or(std::vector<double>{});
  if (found != nullptr) {
    if (found->kind != SettingsNode::Kind::kSequence) {
      fail_at(found->origin, fmt::format("'{}' must be a list, found {}.", key, kind_name(*found)));
    }
    values.clear();
    for (const SettingsNode& item : found->items) values.push_back(parse_real(item, key, each));
  }
  state_->resolved[key] = values;
  return values;
}

std::vector<std::string> Settings::texts(const std::string& key, const std::string& doc) const {
  const SettingsNode* found = take(key, {"", "list of texts", "", "[]", doc});
  std::vector<std::string> values;
  if (found != nullptr && found->kind == SettingsNode::Kind::kScalar) {
    values.push_back(found->scalar);
  } else if (found != nullptr) {
    if (found->kind != SettingsNode::Kind::kSequence) {
      fail_at(found->origin, fmt::format("'{}' must be a list, found {}.", key, kind_name(*found)));
    }
    for (const SettingsNode& item : found->items) {
      values.push_back(parse_scalar(item, key, "a text"));
    }
  }
  state_->resolved[key] = values;
  return values;
}

Settings Settings::child(const std::string& key, const std::string& doc) const {
  const SettingsNode* found = take(key, {"", "map", "", "{}", doc});
  SettingsNode node = found ? *found : SettingsNode{};
  if (found == nullptr) node.origin = origin();
  Settings settings(std::move(node));
  settings.state_->describing = state_->describing;
  state_->resolved[key] = Json::object();
  state_->children.emplace_back(key, settings);
  return settings;
}

std::pair<std::string, Settings> Settings::named_child(const std::string& key,
                                                       const std::string& default_value,
                                                       const std::vector<std::string>& valid,
                                                       const std::string& doc) const {
  const SettingsNode* found =
      take(key, {"", "name, or map with 'name'", fmt::format("{}", fmt::join(valid, ", ")),
                 default_value.empty() ? std::nullopt : std::optional(default_value), doc, valid});
  SettingsNode node;
  node.kind = SettingsNode::Kind::kMap;
  node.origin = found ? found->origin : origin();
  Origin name_origin = node.origin;
  std::string name = default_value.empty() ? valid.front() : default_value;
  if (found != nullptr) {
    if (found->kind == SettingsNode::Kind::kScalar) {
      name = found->scalar;
    } else if (found->kind == SettingsNode::Kind::kMap) {
      const SettingsNode* inner = found->find("name");
      if (inner == nullptr) {
        fail_at(found->origin,
                fmt::format("'{0}' needs a 'name', one of {1}, such as `{0}: {{name: "
                            "{2}}}` with its settings beside it.",
                            key, fmt::join(valid, ", "), name));
      }
      name = parse_scalar(*inner, "name", "a name");
      name_origin = inner->origin;
      node.entries = found->entries;
      std::erase_if(node.entries, [](const auto& entry) { return entry.first == "name"; });
    } else {
      fail_at(found->origin, fmt::format("'{}' must be a name or a map with 'name', found {}.", key,
                                         kind_name(*found)));
    }
    if (std::find(valid.begin(), valid.end(), name) == valid.end()) {
      fail_at(name_origin, unknown_name_message(key, name, valid));
    }
  }
  Settings settings(std::move(node));
  settings.state_->describing = state_->describing;
  settings.state_->resolved["name"] = name;
  state_->resolved[key] = Json::object();
  state_->children.emplace_back(key, settings);
  return {name, settings};
}

std::vector<SettingsNode> Settings::sequence(const std::string& key, const std::string& doc) const {
  const SettingsNode* found = take(key, {"", "list", "", "[]", doc});
  if (found == nullptr) return {};
  if (found->kind != SettingsNode::Kind::kSequence) {
    fail_at(found->origin, fmt::format("'{}' must be a list, found {}.", key, kind_name(*found)));
  }
  return found->items;
}

std::optional<SettingsNode> Settings::raw(const std::string& key, const std::string& doc) const {
  const SettingsNode* found = take(key, {"", "value", "", "(none)", doc});
  return found ? std::optional(*found) : std::nullopt;
}

void Settings::record(const std::string& key, Json value) const {
  state_->resolved[key] = std::move(value);
}

bool Settings::has(const std::string& key) const {
  state_->asked_for.insert(key);
  return state_->node.find(key) != nullptr;
}
bool Settings::is_describing() const { return state_->describing; }
std::filesystem::path Settings::folder_of(const std::string& key) const {
  const Origin where = origin(key);
  if (where.line == 0) return std::filesystem::current_path();
  return std::filesystem::absolute(where.source).parent_path();
}
const SettingsNode& Settings::node() const { return state_->node; }
Origin Settings::origin() const { return state_->node.origin; }
Origin Settings::origin(const std::string& key) const {
  const SettingsNode* found = state_->node.find(key);
  return found ? found->origin : origin();
}
void Settings::fail(const std::string& key, const std::string& message) const {
  fail_at(origin(key), message);
}

void Settings::require_known(const std::function<void(const Settings&)>& read,
                             const std::string& inside) const {
  const SettingsNode* own = inside.empty() ? &state_->node : state_->node.find(inside);
  if (own == nullptr || own->kind != SettingsNode::Kind::kMap) return;
  const Settings described = describing();
  read(described);
  const State* state = described.state_.get();
  for (const auto& [key, settings] : described.state_->children) {
    if (key == inside) state = settings.state_.get();
  }
  std::vector<std::string> valid;
  for (const auto& declaration : state->declarations) valid.push_back(declaration.key);
  for (const auto& [key, value] : own->entries) {
    if (state->read.contains(key) || state->asked_for.contains(key)) continue;
    fail_at(value.key_origin, unknown_name_message("key", key, valid));
  }
}

void Settings::finish() const {
  std::vector<std::string> valid;
  for (const auto& declaration : state_->declarations) valid.push_back(declaration.key);
  for (const std::string& key : state_->asked_for) {
    if (!state_->read.contains(key)) valid.push_back(key);
  }
  for (const auto& [key, value] : state_->node.entries) {
    if (!state_->read.contains(key)) {
      fail_at(value.key_origin, unknown_name_message("key", key, valid));
    }
  }
  for (const auto& [key, settings] : state_->children) settings.finish();
}

Json Settings::resolved() const {
  Json resolved = state_->resolved;
  for (const auto& [key, settings] : state_->children) resolved[key] = settings.resolved();
  return resolved;
}

std::vector<SettingsDeclaration> Settings::declarations() const {
  std::vector<SettingsDeclaration> all = state_->declarations;
  for (const auto& [key, settings] : state_->children) {
    for (SettingsDeclaration inner : settings.declarations()) {
      inner.key = key + "." + inner.key;
      all.push_back(std::move(inner));
    }
  }
  return all;
}

}  // namespace oubli
