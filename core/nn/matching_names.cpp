#include "core/nn/matching_names.h"

#include <algorithm>
#include <cctype>

namespace oubli {
namespace {

// What a layer holds: "weight" of a shape, "bias" of a shape.
struct NamedLayer {
  std::string name;
  std::vector<NamedShape> parts;
};

std::vector<NamedLayer> layers_of(const std::vector<NamedShape>& tensors) {
  std::vector<NamedLayer> layers;
  for (const auto& [name, shape] : tensors) {
    const std::size_t dot = name.rfind('.');
    const std::string layer = dot == std::string::npos ? "" : name.substr(0, dot);
    const auto place = std::find_if(layers.begin(), layers.end(),
                                    [&](const NamedLayer& each) { return each.name == layer; });
    NamedLayer& own = place == layers.end() ? layers.emplace_back(NamedLayer{layer, {}}) : *place;
    own.parts.emplace_back(name.substr(dot == std::string::npos ? 0 : dot + 1), shape);
  }
  for (NamedLayer& layer : layers) std::sort(layer.parts.begin(), layer.parts.end());
  return layers;
}

// layers.2 before layers.10: numbers in names count as numbers.
bool comes_before(const std::string& a, const std::string& b) {
  const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      std::size_t end_a = i, end_b = j;
      while (end_a < a.size() && is_digit(a[end_a])) ++end_a;
      while (end_b < b.size() && is_digit(b[end_b])) ++end_b;
      const std::string first = a.substr(i, end_a - i), second = b.substr(j, end_b - j);
      if (first.size() != second.size()) return first.size() < second.size();
      if (first != second) return first < second;
      i = end_a;
      j = end_b;
    } else {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i;
      ++j;
    }
  }
  return a.size() - i < b.size() - j;
}

}  // namespace

std::map<std::string, std::string> matching_names(const std::vector<NamedShape>& expected,
                                                  const std::vector<NamedShape>& found) {
  const std::vector<NamedLayer> layers = layers_of(expected);
  std::vector<NamedLayer> others = layers_of(found);
  if (layers.size() != others.size()) return {};
  std::sort(others.begin(), others.end(),
            [](const NamedLayer& a, const NamedLayer& b) { return comes_before(a.name, b.name); });
  std::map<std::string, std::string> names;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].parts != others[i].parts || others[i].name.empty()) return {};
    names[others[i].name] = layers[i].name;
  }
  return names;
}

}  // namespace oubli
