#include "core/base/settings_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>
#include <unordered_map>
#include <vector>

#include "core/base/file.h"
#include "core/base/text.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

// Aliases can make a small file stand for a tree without end.
constexpr int kDeepest = 64;
constexpr int kMostNodes = 200'000;
constexpr std::uint64_t kLargestFile = 16 << 20;
constexpr std::size_t kLongestChain = 32;

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
    if (depth > kDeepest) {
      fail_at(result.origin, fmt::format("the settings are nested more than {} levels deep, or an "
                                         "alias contains itself.",
                                         kDeepest));
    }
    if (++nodes_ > kMostNodes) {
      fail_at(result.origin, fmt::format("more than {} values, those that aliases repeat counted "
                                         "each time. Put long lists into a file of their own.",
                                         kMostNodes));
    }
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        break;
      case YAML::NodeType::Scalar:
        result.kind = SettingsNode::Kind::kScalar;
        result.scalar = node.Scalar();
        bytes_ += result.scalar.size();
        if (bytes_ > 4 * kLargestFile) {
          fail_at(result.origin, "more text than a file can hold: an alias repeats it.");
        }
        require_text(result.scalar, result.origin);
        break;
      case YAML::NodeType::Sequence:
        result.kind = SettingsNode::Kind::kSequence;
        for (const YAML::Node& item : node) result.items.push_back(convert(item, depth + 1));
        break;
      case YAML::NodeType::Map: {
        result.kind = SettingsNode::Kind::kMap;
        std::unordered_map<std::string, Origin> seen;
        for (const auto& entry : node) add_entry(result, seen, entry.first, entry.second, depth);
        break;
      }
    }
    return result;
  }

 private:
  // Escapes can write what the file itself could not hold.
  static void require_text(const std::string& text, const Origin& origin) {
    if (first_invalid_utf8(text)) fail_at(origin, "this text is not UTF-8.");
    if (first_control_character(text)) {
      fail_at(origin, fmt::format("{} holds a control character.", quote(text)));
    }
  }

  // `seen`: the keys of the map so far, with where they stand.
  void add_entry(SettingsNode& map, std::unordered_map<std::string, Origin>& seen,
                 const YAML::Node& key, const YAML::Node& value, int depth) {
    const Origin origin = origin_of(key.Mark(), source_);
    if (!key.IsScalar()) fail_at(origin, "a key must be text.");
    const std::string& name = key.Scalar();
    if (name == "<<") {
      fail_at(origin,
              "merge keys ('<<') are not supported; write the keys out, or use a top-level "
              "'extends: other.yaml'.");
    }
    require_text(name, origin);
    if (const auto [first, is_new] = seen.emplace(name, origin); !is_new) {
      fail_at(origin, fmt::format("the key {} was already given at {}.", quote(name),
                                  first->second.text()));
    }
    SettingsNode node = convert(value, depth + 1);
    node.key_origin = origin;
    // `key:` with nothing behind it has no place of its own.
    if (node.kind == SettingsNode::Kind::kNull) node.origin = origin;
    map.entries.emplace_back(name, std::move(node));
  }

  std::string source_;
  int nodes_ = 0;
  std::uint64_t bytes_ = 0;
};

// A pipe and /dev/stdin are as good as a file.
std::string read_text(const fs::path& path, const Origin& asked_for_at) {
  try {
    return read_text_stream(path, ErrorKind::kSettings, kLargestFile);
  } catch (const FileError& error) {
    if (asked_for_at.source.empty()) throw;
    fail_at(asked_for_at, error.what());
  }
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
  std::unordered_map<std::string, std::size_t> places;
  std::set<std::string> dropped;
  for (std::size_t i = 0; i < base.entries.size(); ++i) places.emplace(base.entries[i].first, i);
  for (const auto& [key, value] : child.entries) {
    const auto found = places.find(key);
    if (found == places.end()) {
      base.entries.emplace_back(key, value);
    } else if (value.kind == Kind::kNull) {
      dropped.insert(key);
    } else if (key == "remove" || key == "add") {
      base.entries[found->second].second = value;  // one choice among selectors
    } else {
      merge_into(base.entries[found->second].second, value);
    }
  }
  std::erase_if(base.entries, [&](const auto& entry) { return dropped.contains(entry.first); });
}

// `chain` holds the files that led here, outermost first.
SettingsNode read_chain(const fs::path& path, const Origin& asked_for_at,
                        std::vector<std::string> chain) {
  const std::string text = read_text(path, asked_for_at);
  std::error_code nameless;  // a pipe
  const fs::path named = fs::canonical(path, nameless);
  const std::string real = nameless ? path.string() : named.string();
  const bool circle = std::find(chain.begin(), chain.end(), real) != chain.end();
  chain.push_back(real);
  if (circle) {
    fail_at(asked_for_at, fmt::format("'extends' goes in a circle: {}.", fmt::join(chain, " -> ")));
  }
  if (chain.size() > kLongestChain) {
    fail_at(asked_for_at, fmt::format("more than {} files extend one another.", kLongestChain));
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

void require_utf8(const std::string& text, const std::string& source) {
  const auto fail = [&](std::size_t offset, const std::string& message) {
    const TextPlace place = place_in(text, offset);
    fail_at({source, place.line, place.column}, message);
  };
  if (const std::optional<EncodingProblem> problem = encoding_problem(text)) {
    fail(problem->offset, problem->message);
  }
  if (const std::size_t nul = text.find('\0'); nul != std::string::npos) {
    fail(nul, "a NUL byte: this is no text file.");
  }
}

// The first of the lines up to `last` that begins with a tab, from 1; 0 where there is none.
int line_with_tab(const std::string& text, int last) {
  int line = 1;
  for (std::size_t start = 0; start < text.size() && line <= last; ++line) {
    const std::size_t letter = text.find_first_not_of(" \t", start);
    const std::size_t tab = text.find('\t', start);
    if (tab < letter && letter != std::string::npos && text[letter] != '\n') return line;
    start = text.find('\n', start);
    if (start == std::string::npos) return 0;
    ++start;
  }
  return 0;
}

// Counts documents and looks at nothing in them.
class DocumentStarts : public YAML::EventHandler {
 public:
  const std::vector<YAML::Mark>& marks() const { return marks_; }
  void OnDocumentStart(const YAML::Mark& mark) override { marks_.push_back(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  std::vector<YAML::Mark> marks_;
};

// Where the first two documents begin. yaml-cpp 0.7 never comes to an end of the documents in
// `[1],x`: asking for all of them would fill the memory.
std::vector<YAML::Mark> first_two_documents(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentStarts starts;
  while (starts.marks().size() < 2 && parser.HandleNextDocument(starts)) {
  }
  return starts.marks();
}

[[noreturn]] void fail_as_yaml(const YAML::Exception& exception, const std::string& text,
                               const std::string& source) {
  const int seen_at = exception.mark.is_null() ? 0 : exception.mark.line + 1;
  if (const int line = line_with_tab(text, seen_at); line > 0 && seen_at - line <= 1) {
    fail_at({source, line, 1}, "a tab in the indentation: YAML is indented by blanks only.");
  }
  const Origin origin = origin_of(exception.mark, source);
  if (exception.msg == YAML::ErrorMsg::BAD_FILE) {
    fail_at(origin, fmt::format("the settings are nested more than {} levels deep.", kDeepest));
  }
  fail_at(origin,
          fmt::format("not valid YAML: {}. Is there a space after each colon, and is each bracket "
                      "closed, here or in the line before?",
                      exception.msg));
}

}  // namespace

SettingsNode parse_settings(const std::string& text, const std::string& source_name) {
  require_utf8(text, source_name);
  try {
    // yaml-cpp 0.7 closes a quote left open by itself where the text ends in a line break, and so
    // swallows every key behind it; without the line break it complains.
    first_two_documents(text.substr(0, text.find_last_not_of(" \t\r\n") + 1));
    const std::vector<YAML::Mark> documents = first_two_documents(text);
    if (documents.size() > 1) {
      fail_at(origin_of(documents[1], source_name),
              "a second document begins here; a file holds one experiment.");
    }
    if (documents.empty()) {
      SettingsNode nothing;
      nothing.origin = {source_name, 1, 1};
      return nothing;
    }
    return Converter(source_name).convert(YAML::Load(text));
  } catch (const YAML::Exception& exception) {
    fail_as_yaml(exception, text, source_name);
  }
}

SettingsNode read_settings_file(const std::filesystem::path& path) {
  return read_chain(path, {}, {});
}

}  // namespace oubli
