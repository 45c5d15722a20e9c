#include "core/base/settings_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

namespace oubli {
namespace {

namespace fs = std::filesystem;

// Aliases can make a small file stand for a tree without end.
constexpr int kDeepest = 64;
constexpr int kMostNodes = 1'000'000;

// yaml-cpp counts lines and columns from 0, and gives -1 where it knows none.
Origin origin_of(const YAML::Mark& mark, const std::string& source) {
  if (mark.is_null()) return {source, 0, 0};
  return {source, mark.line + 1, mark.column + 1};
}

class Converter {
 public:
  explicit Converter(const std::string& source) : source_(source) {}

  SettingsNode convert(const YAML::Node& node, int depth = 0) {
    SettingsNode result;
    result.origin = origin_of(node.Mark(), source_);
    if (depth > kDeepest || ++nodes_ > kMostNodes) {
      fail_at(result.origin, "the settings are nested too deeply, or an alias contains itself.");
    }
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        break;
      case YAML::NodeType::Scalar:
        result.kind = SettingsNode::Kind::kScalar;
        result.scalar = node.Scalar();
        break;
      case YAML::NodeType::Sequence:
        result.kind = SettingsNode::Kind::kSequence;
        for (const YAML::Node& item : node) result.items.push_back(convert(item, depth + 1));
        break;
      case YAML::NodeType::Map:
        result.kind = SettingsNode::Kind::kMap;
        for (const auto& entry : node) add_entry(result, entry.first, entry.second, depth);
        break;
    }
    return result;
  }

 private:
  void add_entry(SettingsNode& map, const YAML::Node& key, const YAML::Node& value, int depth) {
    const Origin origin = origin_of(key.Mark(), source_);
    if (!key.IsScalar()) fail_at(origin, "a key must be text.");
    const std::string& name = key.Scalar();
    if (name == "<<") {
      fail_at(origin,
              "merge keys ('<<') are not supported; write the keys out, or use a top-level "
              "'extends: other.yaml'.");
    }
    if (const SettingsNode* first = map.find(name)) {
      fail_at(origin,
              fmt::format("the key '{}' was already given at {}.", name, first->key_origin.text()));
    }
    SettingsNode node = convert(value, depth + 1);
    node.key_origin = origin;
    // `key:` with nothing behind it has no place of its own.
    if (node.kind == SettingsNode::Kind::kNull) node.origin = origin;
    map.entries.emplace_back(name, std::move(node));
  }

  std::string source_;
  int nodes_ = 0;
};

std::string read_text(const fs::path& path, const Origin& asked_for_at) {
  const auto fail = [&](const std::string& why) {
    fail_at(asked_for_at, fmt::format("{}: {}.", path.string(), why));
  };
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) fail("is a folder, an experiment file was expected");
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(fmt::format("cannot be read: {}", std::strerror(errno)));
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad()) fail("cannot be read to its end");
  return text.str();
}

// Settings of one thing mean nothing to another: a map that names something else is no change of
// it.
bool is_another_thing(const SettingsNode& base, const SettingsNode& child) {
  const SettingsNode *before = base.find("name"), *after = child.find("name");
  return before != nullptr && after != nullptr && before->scalar != after->scalar;
}

void merge_into(SettingsNode& base, const SettingsNode& child) {
  using Kind = SettingsNode::Kind;
  if (base.kind != Kind::kMap || child.kind != Kind::kMap || is_another_thing(base, child)) {
    base = child;
    return;
  }
  base.origin = child.origin;
  base.key_origin = child.key_origin;
  for (const auto& [key, value] : child.entries) {
    const auto same = [&key = key](const auto& entry) { return entry.first == key; };
    const auto found = std::find_if(base.entries.begin(), base.entries.end(), same);
    if (found == base.entries.end()) {
      base.entries.emplace_back(key, value);
    } else if (key == "remove" || key == "add") {
      found->second = value;  // one choice among selectors
    } else {
      merge_into(found->second, value);
    }
  }
}

// `chain` holds the files that led here, outermost first.
SettingsNode read_chain(const fs::path& path, const Origin& asked_for_at,
                        std::vector<std::string> chain) {
  const std::string text = read_text(path, asked_for_at);
  const std::string real = fs::canonical(path).string();
  const bool circle = std::find(chain.begin(), chain.end(), real) != chain.end();
  chain.push_back(real);
  if (circle) {
    fail_at(asked_for_at, fmt::format("'extends' goes in a circle: {}.", fmt::join(chain, " -> ")));
  }
  SettingsNode node = parse_settings(text, path.string());
  const SettingsNode* extends = node.find("extends");
  if (extends == nullptr) return node;
  if (extends->kind != SettingsNode::Kind::kScalar || extends->scalar.empty()) {
    fail_at(extends->origin, "'extends' must be the name of a file.");
  }
  SettingsNode base =
      read_chain(path.parent_path() / extends->scalar, extends->origin, std::move(chain));
  if (base.kind != SettingsNode::Kind::kMap && base.kind != SettingsNode::Kind::kNull) {
    fail_at(base.origin, "a file that is extended must be a map of settings.");
  }
  std::erase_if(node.entries, [](const auto& entry) { return entry.first == "extends"; });
  merge_into(base, node);
  return base;
}

}  // namespace

SettingsNode parse_settings(const std::string& text, const std::string& source_name) {
  try {
    // yaml-cpp 0.7 closes a quote left open by itself where the text ends in a line break, and so
    // swallows every key behind it; without the line break it complains.
    YAML::LoadAll(text.substr(0, text.find_last_not_of(" \t\r\n") + 1));
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1) {
      fail_at(origin_of(documents[1].Mark(), source_name),
              "a second document begins here; a file holds one experiment.");
    }
    if (documents.empty()) {
      SettingsNode nothing;
      nothing.origin = {source_name, 1, 1};
      return nothing;
    }
    return Converter(source_name).convert(documents.front());
  } catch (const YAML::Exception& exception) {
    fail_at(origin_of(exception.mark, source_name),
            fmt::format("not valid YAML: {}.", exception.msg));
  }
}

SettingsNode read_settings_file(const std::filesystem::path& path) {
  return read_chain(path, {}, {});
}

}  // namespace oubli
