#include "core/nn/matching_names.h"

#include <algorithm>
#include <cctype>
#include <set>

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

std::string translated(const std::string& name, const Renaming& renaming) {
  const Renaming::value_type* rule = rule_for(name, renaming);
  return rule == nullptr ? name : renamed_by(*rule, name);
}

bool contains(const std::vector<NamedShape>& tensors, const NamedShape& one) {
  return std::find(tensors.begin(), tensors.end(), one) != tensors.end();
}

// Rules that translate something, and nothing to what the model does not have.
Renaming rules_that_fit(const std::vector<NamedShape>& expected,
                        const std::vector<NamedShape>& found, const Renaming& tried) {
  std::map<std::string, bool> fits;
  for (const auto& [name, shape] : found) {
    const Renaming::value_type* rule = rule_for(name, tried);
    if (rule == nullptr) continue;
    const bool is_expected = contains(expected, {translated(name, tried), shape});
    const auto [known, is_new] = fits.emplace(rule->first, is_expected);
    known->second = known->second && is_expected;
  }
  Renaming good;
  for (const auto& rule : tried) {
    if (const auto known = fits.find(rule.first); known != fits.end() && known->second) {
      good.insert(rule);
    }
  }
  return good;
}

std::vector<NamedShape> with_names(std::vector<NamedShape> tensors, const Renaming& renaming) {
  for (auto& [name, shape] : tensors) name = translated(name, renaming);
  return tensors;
}

std::vector<NamedShape> without(std::vector<NamedShape> tensors,
                                const std::vector<NamedShape>& others) {
  std::erase_if(tensors, [&](const NamedShape& one) { return contains(others, one); });
  return tensors;
}

bool is_complete(const std::vector<NamedShape>& expected, const std::vector<NamedShape>& named) {
  return std::set(expected.begin(), expected.end()) == std::set(named.begin(), named.end()) &&
         expected.size() == named.size();
}

// The one rule that does it for all names that are not as expected; they end alike.
std::optional<Renaming> beginning_that_fits(const std::vector<NamedShape>& expected,
                                            const std::vector<NamedShape>& found) {
  const std::vector<NamedShape> strange = without(found, expected);
  if (strange.empty()) return std::nullopt;
  const std::string& name = strange.front().first;
  for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
    for (const auto& [own, shape] : expected) {
      const std::string rest = name.substr(dot);
      const bool is_all = rest.substr(1) == own;
      if (!is_all && !own.ends_with(rest)) continue;
      Renaming rule = {
          {name.substr(0, dot), is_all ? "" : own.substr(0, own.size() - rest.size())}};
      if (is_complete(expected, with_names(found, rule))) return rule;
    }
  }
  return std::nullopt;
}

// Every matrix with its shorter side in front.
std::vector<NamedShape> upright(std::vector<NamedShape> tensors) {
  for (auto& [name, shape] : tensors) {
    if (shape.size() == 2) std::sort(shape.begin(), shape.end());
  }
  return tensors;
}

std::vector<NamedShape> transposed(std::vector<NamedShape> tensors,
                                   const std::set<std::string>& layers) {
  for (auto& [name, shape] : tensors) {
    if (shape.size() == 2 && layers.contains(last_part_of_layer(name))) {
      std::swap(shape[0], shape[1]);
    }
  }
  return tensors;
}

}  // namespace

bool name_comes_before(const std::string& a, const std::string& b) {
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

std::map<std::string, std::string> matching_names(const std::vector<NamedShape>& expected,
                                                  const std::vector<NamedShape>& found) {
  const std::vector<NamedLayer> layers = layers_of(expected);
  std::vector<NamedLayer> others = layers_of(found);
  if (layers.size() != others.size()) return {};
  std::sort(others.begin(), others.end(), [](const NamedLayer& a, const NamedLayer& b) {
    return name_comes_before(a.name, b.name);
  });
  std::map<std::string, std::string> names;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].parts != others[i].parts || others[i].name.empty()) return {};
    names[others[i].name] = layers[i].name;
  }
  return names;
}

std::string renamed_by(const Renaming::value_type& rule, const std::string& name) {
  const std::string rest = name.substr(rule.first.size());
  return rule.second.empty() && rest.starts_with('.') ? rest.substr(1) : rule.second + rest;
}

const Renaming::value_type* rule_for(const std::string& name, const Renaming& renaming) {
  const Renaming::value_type* longest = nullptr;
  for (const auto& rule : renaming) {
    const bool fits = name == rule.first || name.starts_with(rule.first + ".");
    if (fits && (longest == nullptr || rule.first.size() > longest->first.size())) longest = &rule;
  }
  return longest;
}

std::optional<Renaming> fitting_names(const std::vector<NamedShape>& expected,
                                      const std::vector<NamedShape>& found, const Renaming& tried) {
  Renaming whole = rules_that_fit(expected, found, tried);
  const std::vector<NamedShape> named = with_names(found, whole);
  if (is_complete(expected, named)) return whole;
  // What names say counts for more than their order.
  const std::optional<Renaming> beginning = beginning_that_fits(expected, found);
  if (whole.empty() && beginning) return beginning;
  const Renaming more = matching_names(without(expected, named), without(named, expected));
  whole.insert(more.begin(), more.end());
  return is_complete(expected, with_names(found, whole)) ? whole : beginning;
}

std::string last_part_of_layer(const std::string& name) {
  const std::string layer = name.substr(0, name.rfind('.'));
  return layer.substr(layer.rfind('.') + 1);
}

std::optional<FileForm> fitting_form(const std::vector<NamedShape>& expected,
                                     const std::vector<NamedShape>& found, const Renaming& tried) {
  if (const auto names = fitting_names(expected, found, tried)) return FileForm{*names, {}};
  const auto names = fitting_names(upright(expected), upright(found), tried);
  if (!names) return std::nullopt;
  std::set<std::string> layers;
  for (const auto& [name, shape] : found) {
    if (!contains(expected, {translated(name, *names), shape})) {
      layers.insert(last_part_of_layer(name));
    }
  }
  if (!is_complete(expected, with_names(transposed(found, layers), *names))) return std::nullopt;
  return FileForm{*names, {layers.begin(), layers.end()}};
}

}  // namespace oubli
