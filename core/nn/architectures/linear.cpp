// Linear regression: one linear map of the flattened input, the outputs being the predictions
// themselves. Under squared error one Newton step of it is retraining.
#include "core/nn/architectures/parts.h"

namespace oubli {

Architecture linear_architecture() {
  Architecture architecture;
  architecture.name = "linear";
  architecture.summary =
      "one linear map of the flattened input; meant for squared error, where a Newton step is "
      "exact";
  architecture.configure = [](const Settings& settings) {
    const bool bias =
        settings.flag("bias", {.default_value = true, .doc = "add a constant to each output"});
    return [bias, origin = settings.origin()](const NetworkShape& shape) -> Network {
      require_shape("linear", origin, shape);
      auto table = std::make_shared<ParameterTable>();
      auto net = std::make_shared<Sequential>();
      net->add<Flatten>();
      net->add<Linear>(*table, "fc", feature_count(shape), shape.outputs, bias);
      return {net, table};
    };
  };
  return architecture;
}

}  // namespace oubli
