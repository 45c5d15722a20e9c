// Weights that are the model's under other names: which beginnings of names would have to be
// renamed, where layers come in the same order with the same shapes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace oubli {

using NamedShape = std::pair<std::string, std::vector<std::int64_t>>;

// From what is found to what is expected, by layer: {"net.0": "layers.0", ...}. Layers are what
// stands in front of the last dot; those found are taken by their names, numbers in them as
// numbers. Empty where they do not match one by one.
std::map<std::string, std::string> matching_names(const std::vector<NamedShape>& expected,
                                                  const std::vector<NamedShape>& found);

}  // namespace oubli
