#include "core/nn/architectures/layer_list.h"

#include <fmt/ranges.h>

#include <map>
#include <utility>

#include "core/base/error.h"
#include "core/nn/architectures/parts.h"

namespace oubli {
namespace {

using Shape = std::vector<std::int64_t>;
using Make = std::function<LayerPtr(LayerPlace& place, const std::string& name)>;

constexpr std::size_t kMostLayers = 10'000;

[[noreturn]] void fail_shape(const Origin& origin, const std::string& kind,
                             const std::string& needed, const Shape& shape) {
  fail_at(origin, fmt::format("{} needs {}; what reaches it is {} for each example.", kind, needed,
                              shape_text(shape)));
}

void require_image_here(const Origin& origin, const std::string& kind, const Shape& shape) {
  if (shape.size() != 3) fail_shape(origin, kind, "images (channels x height x width)", shape);
}

Make read_conv(const Settings& settings) {
  Conv2dShape conv;
  conv.out = settings.integer("channels",
                              {.at_least = 1, .at_most = 1'000'000, .doc = "that leave the layer"});
  conv.kernel = settings.integer(
      "kernel", {.default_value = 3, .at_least = 1, .at_most = 1000, .doc = "side of the kernel"});
  conv.stride = settings.integer("stride", {.default_value = 1,
                                            .at_least = 1,
                                            .at_most = 1000,
                                            .doc = "positions from one window to the next"});
  conv.padding = settings.integer(
      "padding", {.default_value = 0, .at_least = 0, .at_most = 1000, .doc = "zeros on each side"});
  conv.groups = settings.integer(
      "groups", {.default_value = 1, .at_least = 1, .doc = "divide both numbers of channels"});
  conv.bias =
      settings.flag("bias", {.default_value = true, .doc = "add a constant to each channel"});
  return [conv, origin = settings.origin()](LayerPlace& place, const std::string& name) mutable {
    require_image_here(origin, "conv", place.shape);
    conv.in = place.shape[0];
    if (conv.in % conv.groups != 0 || conv.out % conv.groups != 0) {
      fail_at(origin, fmt::format("{} groups divide {} and {} channels, and do not.", conv.groups,
                                  conv.in, conv.out));
    }
    const auto side = [&](std::int64_t length) {
      return (length + 2 * conv.padding - conv.kernel) / conv.stride + 1;
    };
    if (place.shape[1] + 2 * conv.padding < conv.kernel ||
        place.shape[2] + 2 * conv.padding < conv.kernel) {
      fail_shape(origin, "conv", fmt::format("sides of {} or more", conv.kernel - 2 * conv.padding),
                 place.shape);
    }
    place.shape = {conv.out, side(place.shape[1]), side(place.shape[2])};
    return std::make_unique<Conv2d>(place.table, name, conv);
  };
}

Make read_linear(const Settings& settings) {
  const std::int64_t features =
      settings.integer("features", {.default_value = 0,
                                    .at_least = 0,
                                    .at_most = 100'000'000,
                                    .doc = "that leave the layer; 0: the outputs of the network"});
  const bool bias =
      settings.flag("bias", {.default_value = true, .doc = "add a constant to each feature"});
  return [=, origin = settings.origin()](LayerPlace& place, const std::string& name) {
    if (place.shape.size() != 1)
      fail_shape(origin, "linear", "features: put flatten before", place.shape);
    const std::int64_t in = place.shape[0], out = features > 0 ? features : place.outputs;
    place.shape = {out};
    return std::make_unique<Linear>(place.table, name, in, out, bias);
  };
}

Make read_batch_norm(const Settings& settings) {
  return [origin = settings.origin()](LayerPlace& place, const std::string& name) {
    if (place.shape.size() != 1) require_image_here(origin, "batch_norm", place.shape);
    return std::make_unique<BatchNorm2d>(place.table, name, place.shape[0]);
  };
}

Make read_group_norm(const Settings& settings) {
  const std::int64_t groups = settings.integer(
      "groups", {.default_value = kNormGroups, .at_least = 1, .doc = "of channels"});
  return [=, origin = settings.origin()](LayerPlace& place, const std::string& name) {
    if (place.shape.empty() || place.shape[0] % groups != 0) {
      fail_shape(origin, "group_norm", fmt::format("channels that {} groups divide", groups),
                 place.shape);
    }
    return std::make_unique<GroupNorm>(place.table, name, groups, place.shape[0]);
  };
}

Make read_layer_norm(const Settings& settings) {
  return [origin = settings.origin()](LayerPlace& place, const std::string& name) {
    if (place.shape.empty()) fail_shape(origin, "layer_norm", "features", place.shape);
    return std::make_unique<LayerNorm>(place.table, name, place.shape.back());
  };
}

template <typename Activation>
Make read_activation(const Settings&) {
  return [](LayerPlace&, const std::string&) { return std::make_unique<Activation>(); };
}

Make read_gelu(const Settings& settings) {
  const GeluForm form = read_gelu_form(settings, "form");
  return [form](LayerPlace&, const std::string&) { return std::make_unique<Gelu>(form); };
}

Make read_leaky_relu(const Settings& settings) {
  const double slope =
      settings.real("slope", {.default_value = 0.01, .at_least = 0, .doc = "of the line below 0"});
  return [slope](LayerPlace&, const std::string&) { return std::make_unique<LeakyRelu>(slope); };
}

template <typename Pool>
Make read_pool(const Settings& settings) {
  PoolShape pool;
  pool.size = settings.integer(
      "size", {.default_value = 2, .at_least = 1, .at_most = 1000, .doc = "side of a window"});
  pool.stride = settings.integer("stride", {.default_value = 0,
                                            .at_least = 0,
                                            .at_most = 1000,
                                            .doc = "positions from one window to the next; 0: its "
                                                   "size"});
  pool.padding = settings.integer(
      "padding", {.default_value = 0, .at_least = 0, .doc = "positions on each side"});
  if (2 * pool.padding > pool.size && !settings.is_describing()) {
    settings.fail("padding", "'padding' is half of 'size' at most.");
  }
  return [pool, origin = settings.origin()](LayerPlace& place, const std::string&) {
    require_image_here(origin, "a pool", place.shape);
    const std::int64_t height = pool.windows(place.shape[1]), width = pool.windows(place.shape[2]);
    const bool fits = place.shape[1] + 2 * pool.padding >= pool.size &&
                      place.shape[2] + 2 * pool.padding >= pool.size;
    if (!fits) {
      fail_shape(origin, "a pool", fmt::format("sides of {} or more", pool.size - 2 * pool.padding),
                 place.shape);
    }
    place.shape = {place.shape[0], height, width};
    return std::make_unique<Pool>(pool);
  };
}

Make read_global_average_pool(const Settings& settings) {
  return [origin = settings.origin()](LayerPlace& place, const std::string&) {
    require_image_here(origin, "global_average_pool", place.shape);
    place.shape = {place.shape[0]};
    return std::make_unique<GlobalAveragePool>();
  };
}

Make read_flatten(const Settings&) {
  return [](LayerPlace& place, const std::string&) {
    place.shape = {feature_count({place.shape, 0})};
    return std::make_unique<Flatten>();
  };
}

Make read_dropout(const Settings& settings) {
  const double p = settings.real(
      "p", {.default_value = 0.5, .at_least = 0, .below = 1, .doc = "share that is zeroed"});
  return [p](LayerPlace&, const std::string&) { return std::make_unique<Dropout>(p); };
}

Make read_embedding(const Settings& settings) {
  const std::int64_t tokens =
      settings.integer("tokens", {.at_least = 1, .doc = "rows of the table"});
  const std::int64_t features =
      settings.integer("features", {.at_least = 1, .doc = "of each token's vector"});
  return [=](LayerPlace& place, const std::string& name) {
    place.shape.push_back(features);
    return std::make_unique<Embedding>(place.table, name, tokens, features);
  };
}

// A list inside a layer, under the layer's name.
LayerPtr made(const LayerList& layers, LayerPlace& place, const std::string& name) {
  const std::string outside = std::exchange(place.prefix, name + ".");
  auto net = std::make_unique<Sequential>();
  layers.add_to(*net, place);
  place.prefix = outside;
  return net;
}

Make read_residual(const Settings& settings) {
  const LayerList body = LayerList::read(settings, "body");
  const bool has_shortcut = settings.has("shortcut");
  const LayerList shortcut = has_shortcut ? LayerList::read(settings, "shortcut") : LayerList();
  const AfterSum after = settings.choice("after", {.default_value = "relu",
                                                   .valid = {"relu", "nothing"},
                                                   .doc = "what stands behind the sum"}) == "relu"
                             ? AfterSum::kRelu
                             : AfterSum::kNothing;
  return [=, origin = settings.origin()](LayerPlace& place, const std::string& name) {
    LayerPlace aside = place;
    LayerPtr through = made(body, place, name);
    LayerPtr direct = has_shortcut ? made(shortcut, aside, name) : nullptr;
    if (place.shape != aside.shape) {
      fail_at(origin,
              fmt::format("the body gives {} for each example and the {} {}: they are added "
                          "up, and must agree.",
                          shape_text(place.shape), has_shortcut ? "shortcut" : "input",
                          shape_text(aside.shape)));
    }
    return std::make_unique<Residual>(std::move(through), std::move(direct), after);
  };
}

}  // namespace

// Reads one layer of a list; a class of its own because lists hold lists.
struct LayerReader {
  using Read = Make (*)(const Settings&);

  static Make read_branches(const Settings& settings) {
    const std::vector<SettingsNode> lists =
        settings.sequence("of", "lists of layers, all on the same input");
    if (lists.size() < 2) settings.fail("of", "'of' must hold two lists of layers or more.");
    std::vector<LayerList> branches;
    Json record = Json::array();
    for (const SettingsNode& list : lists) {
      if (list.kind != SettingsNode::Kind::kSequence) {
        fail_at(list.origin, "a branch must be a list of layers.");
      }
      branches.push_back(LayerList::read_items(list.items, list.origin, record.emplace_back()));
    }
    settings.record("of", record);
    return [branches, origin = settings.origin()](LayerPlace& place, const std::string& name) {
      std::vector<LayerPtr> made_branches;
      Shape joined;
      for (std::size_t i = 0; i < branches.size(); ++i) {
        LayerPlace here = place;
        made_branches.push_back(made(branches[i], here, fmt::format("{}.{}", name, i)));
        if (here.shape.empty()) fail_shape(origin, "branches", "channels or features", here.shape);
        if (joined.empty()) {
          joined = here.shape;
          continue;
        }
        if (!std::equal(joined.begin() + 1, joined.end(), here.shape.begin() + 1,
                        here.shape.end())) {
          fail_at(origin, fmt::format("a branch gives {} for each example and another {}: all but "
                                      "the first number must agree.",
                                      shape_text(joined), shape_text(here.shape)));
        }
        joined[0] += here.shape[0];
      }
      place.shape = joined;
      return std::make_unique<Branches>(std::move(made_branches));
    };
  }

  static const std::map<std::string, Read>& kinds() {
    static const std::map<std::string, Read> all = {
        {"conv", read_conv},
        {"linear", read_linear},
        {"batch_norm", read_batch_norm},
        {"group_norm", read_group_norm},
        {"layer_norm", read_layer_norm},
        {"relu", read_activation<Relu>},
        {"tanh", read_activation<Tanh>},
        {"gelu", read_gelu},
        {"sigmoid", read_activation<Sigmoid>},
        {"silu", read_activation<Silu>},
        {"leaky_relu", read_leaky_relu},
        {"max_pool", read_pool<MaxPool2d>},
        {"average_pool", read_pool<AveragePool2d>},
        {"global_average_pool", read_global_average_pool},
        {"flatten", read_flatten},
        {"dropout", read_dropout},
        {"embedding", read_embedding},
        {"residual", read_residual},
        {"branches", read_branches}};
    return all;
  }
};

LayerList LayerList::read(const Settings& settings, const std::string& key) {
  const std::vector<SettingsNode> items = settings.sequence(
      key,
      "conv, linear, batch_norm, group_norm, layer_norm, relu, tanh, gelu, sigmoid, silu, "
      "leaky_relu, max_pool, average_pool, global_average_pool, flatten, dropout, embedding, "
      "residual, branches");
  Json record;
  LayerList layers;
  if (settings.is_describing()) return layers;
  layers = read_items(items, settings.origin(key), record);
  settings.record(key, record);
  return layers;
}

LayerList LayerList::read_items(const std::vector<SettingsNode>& items, const Origin& origin,
                                Json& record) {
  if (items.empty()) fail_at(origin, "a list of layers is empty.");
  if (items.size() > kMostLayers) {
    fail_at(origin, fmt::format("a list of more than {} layers.", kMostLayers));
  }
  LayerList layers;
  record = Json::array();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const SettingsNode& item = items[i];
    SettingsNode wrapped;  // `kind` or `kind: {...}`, as a child of a map of one entry
    std::string kind = item.scalar;
    if (item.kind == SettingsNode::Kind::kMap && item.entries.size() == 1) {
      kind = item.entries.front().first;
      wrapped = item.entries.front().second;
    } else if (item.kind != SettingsNode::Kind::kScalar) {
      fail_at(item.origin,
              "a layer is a name, or a name with its settings, such as `conv: "
              "{channels: 32}`.");
    }
    std::vector<std::string> names;
    for (const auto& [name, read] : LayerReader::kinds()) names.push_back(name);
    const auto found = LayerReader::kinds().find(kind);
    if (found == LayerReader::kinds().end()) {
      fail_at(item.origin, unknown_name_message("layer", kind, names));
    }
    if (wrapped.kind == SettingsNode::Kind::kNull) wrapped.origin = item.origin;
    const Settings settings(wrapped);
    const std::string name =
        settings.text("as", {.default_value = fmt::format("{}", i), .doc = "its name"});
    layers.entries_.push_back({name, found->second(settings)});
    settings.finish();
    record.push_back({{kind, settings.resolved()}});
  }
  return layers;
}

void LayerList::add_to(Sequential& net, LayerPlace& place) const {
  for (const Entry& entry : entries_) net.add(entry.make(place, place.prefix + entry.name));
}

}  // namespace oubli
