// Weights that are the model's under other names: how names are translated, and which beginnings of
// names would have to be renamed, where names end alike, or layers come in the same order with the
// same shapes. Matrices may stand the other way round, [in, out] for [out, in].
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace oubli {

using NamedShape = std::pair<std::string, std::vector<std::int64_t>>;

// layers.2 before layers.10: numbers in names count as numbers.
bool name_comes_before(const std::string& a, const std::string& b);

// From what is found to what is expected, by layer: {"net.0": "layers.0", ...}. Layers are what
// stands in front of the last dot; those found are taken by their names, numbers in them as
// numbers. Empty where they do not match one by one.
std::map<std::string, std::string> matching_names(const std::vector<NamedShape>& expected,
                                                  const std::vector<NamedShape>& found);

// Names, or what stands before a point in them, by what they are in the model; "" for nothing, of
// which no point is left.
using Renaming = std::map<std::string, std::string>;

// The name that a rule for it makes.
std::string renamed_by(const Renaming::value_type& rule, const std::string& name);

// The rule for a name, which is the longest beginning of it that has one; null for none.
const Renaming::value_type* rule_for(const std::string& name, const Renaming& renaming);

// The whole translation of a file's own names to the model's: the rules of `tried` that fit, and
// what matches of the rest; one beginning for all where that will do. None where the shapes do not
// match one by one.
std::optional<Renaming> fitting_names(const std::vector<NamedShape>& expected,
                                      const std::vector<NamedShape>& found, const Renaming& tried);

// How a file from elsewhere differs from one that is written here.
struct FileForm {
  Renaming rename = {};
  // Layers, by the last part of their names in the file, whose matrices it holds as [in, out].
  std::vector<std::string> transposed = {};

  bool operator==(const FileForm&) const = default;
};

// "c_attn" of "h.0.attn.c_attn.weight".
std::string last_part_of_layer(const std::string& name);

// The whole form of a file with these names and shapes of its own, as fitting_names; matrices are
// taken to be transposed only where nothing fits as it stands.
std::optional<FileForm> fitting_form(const std::vector<NamedShape>& expected,
                                     const std::vector<NamedShape>& found, const Renaming& tried);

}  // namespace oubli
