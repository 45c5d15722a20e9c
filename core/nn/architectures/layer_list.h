// Layers as an experiment file lists them, for the architecture `network`.
//
//   conv {channels, kernel 3, stride 1, padding 0, groups 1, bias true}
//   linear {features (left out: the outputs of the network), bias true}
//   batch_norm, group_norm {groups 8}, layer_norm      with a learned scale and shift
//   relu, tanh, sigmoid, silu, gelu {form exact | tanh}, leaky_relu {slope 0.01}   elementwise
//   max_pool, average_pool {size 2, stride (size), padding 0}; global_average_pool
//   flatten; dropout {p 0.5}; embedding {tokens, features}
//   residual {body: [...], shortcut: [...], after: relu | nothing}   body(x) + x, or + shortcut(x)
//   branches {of: [[...], [...]]}                       outputs joined along the channels
//
// Errors: Error(kSettings) at the layer where its settings are wrong, or where the shape that
// reaches it does not suit it.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>
#include <vector>

#include "core/base/settings.h"
#include "core/nn/layers.h"

namespace oubli {

// Where a layer is put: what its parameters join, and the shape of an example that reaches it,
// which it replaces by what leaves it.
struct LayerPlace {
  ParameterTable& table;
  std::int64_t outputs = 0;  // of the network
  std::string prefix;        // of parameters' names: "" or "block."
  std::vector<std::int64_t> shape;
};

class LayerList {
 public:
  // The list at a key of the settings.
  static LayerList read(const Settings& settings, const std::string& key);
  void add_to(Sequential& net, LayerPlace& place) const;

 private:
  struct Entry {
    std::string name;  // `as`, or the place in the list
    std::function<LayerPtr(LayerPlace& place, const std::string& name)> make;
  };
  static LayerList read_items(const std::vector<SettingsNode>& items, const Origin& origin,
                              Json& record);
  std::vector<Entry> entries_;

  friend struct LayerReader;
};

}  // namespace oubli
