// An architecture outside oubli's tree: a perceptron through a few linear units.
#include "core/nn/architectures/parts.h"

oubli::Architecture my_bottleneck_architecture() {
  oubli::Architecture architecture;
  architecture.name = "my_bottleneck";
  architecture.summary = "a hidden layer behind a few linear units";
  architecture.configure = [](const oubli::Settings& settings) {
    const std::int64_t units =
        settings.integer("units", {.default_value = 4, .at_least = 1, .doc = "linear units"});
    const std::int64_t hidden =
        settings.integer("hidden", {.default_value = 32, .at_least = 1, .doc = "hidden units"});
    return [=, origin = settings.origin()](const oubli::NetworkShape& shape) -> oubli::Network {
      oubli::require_shape("my_bottleneck", origin, shape);
      auto table = std::make_shared<oubli::ParameterTable>();
      auto net = std::make_shared<oubli::Sequential>();
      net->add<oubli::Flatten>();
      net->add<oubli::Linear>(*table, "in", oubli::feature_count(shape), units);
      net->add<oubli::Linear>(*table, "hidden", units, hidden);
      net->add<oubli::Relu>();
      net->add<oubli::Linear>(*table, "out", hidden, shape.outputs);
      return {net, table};
    };
  };
  return architecture;
}
