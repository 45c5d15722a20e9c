// Multilayer perceptron: the flattened input through fully connected layers "layers.0",
// "layers.1", ... with one activation between them.
#include <fmt/format.h>

#include "core/nn/architectures/parts.h"

namespace oubli {

Architecture mlp_architecture() {
  Architecture architecture;
  architecture.name = "mlp";
  architecture.summary = "fully connected layers on the flattened input";
  architecture.configure = [](const Settings& settings) {
    const std::vector<std::int64_t> hidden = settings.integers(
        "hidden", {{256}},
        {.at_least = 1, .at_most = 1'000'000, .doc = "units of each hidden layer"});
    constexpr std::size_t kMostHidden = 1000;
    if (hidden.size() > kMostHidden) {
      settings.fail("hidden", fmt::format("'hidden' has more than {} layers.", kMostHidden));
    }
    const std::string activation = settings.choice(
        "activation", {.default_value = "relu",
                       .valid = {"relu", "tanh"},
                       .doc = "after each hidden layer; tanh has a Hessian everywhere"});
    return [hidden, activation, origin = settings.origin()](const NetworkShape& shape) -> Network {
      require_shape("mlp", origin, shape);
      auto table = std::make_shared<ParameterTable>();
      auto net = std::make_shared<Sequential>();
      net->add<Flatten>();
      std::int64_t width = feature_count(shape);
      for (std::size_t i = 0; i < hidden.size(); ++i) {
        net->add<Linear>(*table, fmt::format("layers.{}", i), width, hidden[i]);
        if (activation == "tanh") {
          net->add<Tanh>();
        } else {
          net->add<Relu>();
        }
        width = hidden[i];
      }
      net->add<Linear>(*table, fmt::format("layers.{}", hidden.size()), width, shape.outputs);
      return {net, table};
    };
  };
  return architecture;
}

}  // namespace oubli
