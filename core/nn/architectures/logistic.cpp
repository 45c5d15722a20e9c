// Multinomial logistic regression: one linear map of the flattened input to logits. The convex
// model for which removal has closed forms and certificates.
#include "core/nn/architectures/parts.h"

namespace oubli {

Architecture logistic_architecture() {
  Architecture architecture;
  architecture.name = "logistic";
  architecture.summary =
      "one linear map of the flattened input to class logits; convex under cross-entropy";
  architecture.configure = [](const Settings& settings) {
    const bool bias =
        settings.flag("bias", {.default_value = true, .doc = "add a constant to each output"});
    return [bias, origin = settings.origin()](const NetworkShape& shape) -> Network {
      require_shape("logistic", origin, shape);
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
