// Settings: a view of one map of an experiment file that remembers what was read from it.
//
//   double lr = settings.real("lr", {.default_value = 0.01, .above = 0, .doc = "step size"});
//   ...
//   settings.finish();   // an unread key is an error: it was misspelt or does nothing
//
// Type, range and default stand in one call, and from the calls themselves come the error
// messages, the resolved settings that are written beside every result, and what
// `oubli describe NAME` prints. Nothing is declared twice.
//
// Errors: oubli::Error of kind kSettings, with file, line and column, what was found and what was
// expected. A `Settings` is cheap to copy; copies share the record of what was read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/json.h"

namespace oubli {

// One node of a parsed file: a scalar, a sequence or a map, each with its origin.
struct SettingsNode {
  enum class Kind { kNull, kScalar, kSequence, kMap };
  Kind kind = Kind::kNull;
  std::string scalar;
  std::vector<SettingsNode> items;                            // of a sequence
  std::vector<std::pair<std::string, SettingsNode>> entries;  // of a map, in the order written
  Origin origin;                                              // of the value
  Origin key_origin;  // of the key in front of it, for an entry of a map

  // Defined in the source, where the type that holds itself is complete: clang insists on it.
  SettingsNode();
  ~SettingsNode();
  SettingsNode(const SettingsNode&);
  SettingsNode(SettingsNode&&) noexcept;
  SettingsNode& operator=(const SettingsNode&);
  SettingsNode& operator=(SettingsNode&&) noexcept;

  const SettingsNode* find(const std::string& key) const;
};

// What was declared about one key: the data behind `oubli describe`.
struct SettingsDeclaration {
  std::string key;
  std::string type;
  std::string range;
  std::optional<std::string> default_value;  // as text; absent: the key is required
  std::string doc;
  std::vector<std::string> names = {};  // that a named child can have, each with its settings
  // Which of its parent's names it belongs to, where that is not all of them: see describe().
  std::vector<std::string> only_with = {};

  friend bool operator==(const SettingsDeclaration&, const SettingsDeclaration&) = default;
};

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

struct RealOption {
  std::optional<double> default_value = {};  // absent: the key is required
  double above = -kUnbounded;                // exclusive
  double at_least = -kUnbounded;
  double at_most = kUnbounded;
  double below = kUnbounded;  // exclusive
  std::string doc = "";
};
// Every count has a range: products of two stay whole numbers. Seeds may be larger: all that a
// double holds exactly.
constexpr std::int64_t kMostCount = 1'000'000'000;
constexpr std::int64_t kLargestSeed = std::int64_t{1} << 53;

struct IntegerOption {
  std::optional<std::int64_t> default_value = {};
  std::int64_t at_least = -kMostCount;
  std::int64_t at_most = kMostCount;
  std::string doc = "";
};
struct FlagOption {
  std::optional<bool> default_value = {};
  std::string doc = "";
};
struct TextOption {
  std::optional<std::string> default_value = {};
  std::string doc = "";
};
struct ChoiceOption {
  std::optional<std::string> default_value = {};
  std::vector<std::string> valid;
  std::string doc = "";
};

class Settings {
 public:
  Settings();                            // an empty map
  explicit Settings(SettingsNode node);  // a map, or null for an empty one
  // Reads nothing, accepts everything and records every declaration: what describe uses. Required
  // keys yield a value inside their range.
  static Settings describing(SettingsNode chosen = {});  // names of `chosen`, the defaults else

  // Each reads one key. A key may be read once only.
  double real(const std::string& key, const RealOption& option) const;
  std::int64_t integer(const std::string& key, const IntegerOption& option) const;
  bool flag(const std::string& key, const FlagOption& option) const;
  std::string text(const std::string& key, const TextOption& option) const;
  std::string choice(const std::string& key, const ChoiceOption& option) const;
  // The name of a file: absolute, and so recorded, where it exists; else as written. A relative one
  // is from folder_of(key).
  std::filesystem::path path(const std::string& key, const TextOption& option) const;
  // A number, or one word in its place (`damping: auto`): nullopt stands for the word. The default
  // is the word where `option.default_value` is absent.
  std::optional<double> real_or(const std::string& key, const std::string& word,
                                const RealOption& option) const;
  std::vector<std::int64_t> integers(const std::string& key,
                                     const std::optional<std::vector<std::int64_t>>& default_value,
                                     const IntegerOption& each) const;
  std::vector<double> reals(const std::string& key,
                            const std::optional<std::vector<double>>& default_value,
                            const RealOption& each) const;

  // A list of texts; one text stands for a list of it. Empty when the key is absent.
  std::vector<std::string> texts(const std::string& key, const std::string& doc) const;

  // A nested map; empty when the key is absent.
  Settings child(const std::string& key, const std::string& doc) const;
  // `key: name`, `key: {name: NAME, ...}`: the name and the rest of the map. `default_value` is
  // used when the key is absent; empty means required.
  std::pair<std::string, Settings> named_child(const std::string& key,
                                               const std::string& default_value,
                                               const std::vector<std::string>& valid,
                                               const std::string& doc) const;
  // The items of a sequence, read by the caller through `node()`.
  std::vector<SettingsNode> sequence(const std::string& key, const std::string& doc) const;
  // Reads a key as a whole, for callers that interpret the node themselves. They put what they
  // made of it into the record with `record`.
  std::optional<SettingsNode> raw(const std::string& key, const std::string& doc) const;
  void record(const std::string& key, Json value) const;

  // Whether a key that may be there is: messages name it among the valid ones.
  bool has(const std::string& key) const;
  bool is_describing() const;
  const SettingsNode& node() const;
  // Where relative paths at the key start: the folder of the file that says it, or, for what was
  // said on the command line, the present one. Absolute.
  std::filesystem::path folder_of(const std::string& key) const;
  // Origin of a key, or of the map where the key is absent.
  Origin origin(const std::string& key) const;
  Origin origin() const;
  // Throws an Error located at the key.
  [[noreturn]] void fail(const std::string& key, const std::string& message) const;

  // Throws at a key that `read` never reads, of this map or of the one at `inside`. For what would
  // otherwise complain about something missing before a misspelt key is found.
  void require_known(const std::function<void(const Settings&)>& read,
                     const std::string& inside = "") const;
  // Throws when a key was left unread, here or in a child.
  void finish() const;
  // Every value used, defaults written out, in the order read.
  Json resolved() const;
  std::vector<SettingsDeclaration> declarations() const;

 private:
  struct State;
  const SettingsNode* take(const std::string& key, SettingsDeclaration declaration) const;
  [[noreturn]] void fail_at_missing(const std::string& key) const;
  std::shared_ptr<State> state_;
};

[[noreturn]] void fail_at(const Origin& origin, const std::string& message);

// Every setting that `read` reads, and those of every name that its named children can have: what
// `optimizer` has as adam as well as what it has by default.
std::vector<SettingsDeclaration> describe(const std::function<void(const Settings&)>& read);

}  // namespace oubli
