// An explicit table of named things: methods, data sets, architectures, metrics.
//
//   Registry<MethodInfo> methods = builtin_methods();
//   methods.add(my_method());
//
// A registry is a value that is passed to whoever needs it. Nothing registers itself behind the
// scenes: linkers drop what nobody refers to from static libraries.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/settings.h"

namespace oubli {

// An entry has a member `name`.
template <typename Entry>
class Registry {
 public:
  // `kind` is the word for an entry in messages, such as "method".
  explicit Registry(std::string kind) : kind_(std::move(kind)) {}

  // Throws Error(kUsage) where the name is taken.
  void add(Entry entry) {
    for (const Entry& other : entries_) {
      if (other.name == entry.name) {
        throw Error(ErrorKind::kUsage, "two entries for the " + kind_ + " '" + entry.name + "'");
      }
    }
    entries_.push_back(std::move(entry));
  }

  // Throws Error(kSettings), located at `origin`, with the nearest name and all valid ones.
  const Entry& find(const std::string& name, const Origin& origin = {}) const {
    for (const Entry& entry : entries_) {
      if (entry.name == name) return entry;
    }
    fail_at(origin, unknown_name_message(kind_, name, names()));
  }

  bool contains(const std::string& name) const {
    for (const Entry& entry : entries_) {
      if (entry.name == name) return true;
    }
    return false;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Entry& entry : entries_) names.push_back(entry.name);
    return names;
  }
  const std::vector<Entry>& entries() const { return entries_; }
  const std::string& kind() const { return kind_; }

 private:
  std::string kind_;
  std::vector<Entry> entries_;
};

}  // namespace oubli
