// LeNet-5 in its modern form: two 5x5 convolutions of 6 and 16 channels, each with ReLU and 2x2 max
// pooling, then fully connected layers of 120, 84 and the outputs.
//
// Source: LeCun, Bottou, Bengio, Haffner (1998), "Gradient-based learning applied to document
// recognition", figure 2.
// Deviations, all customary: ReLU for the scaled tanh, max pooling for trainable subsampling, every
// channel of the second convolution sees all six of the first, a linear output layer.
// Inputs are 32x32, or 28x28 with a padding of 2 that makes them so; 1 or 3 channels.
// 61,706 parameters for 1x28x28 and 10 outputs.
#include <fmt/format.h>

#include "core/nn/architectures/parts.h"

namespace oubli {

Architecture lenet5_architecture() {
  Architecture architecture;
  architecture.name = "lenet5";
  architecture.summary = "LeNet-5 with ReLU and max pooling, for 28x28 or 32x32 images";
  architecture.configure = [](const Settings& settings) {
    return [origin = settings.origin()](const NetworkShape& shape) -> Network {
      require_image("lenet5", origin, shape, 28);
      const std::int64_t channels = shape.input[0];
      const std::int64_t side = shape.input[1];
      if (shape.input[2] != side || (side != 28 && side != 32) ||
          (channels != 1 && channels != 3)) {
        fail_at(origin, fmt::format("lenet5 needs images of 28x28 or 32x32 pixels with 1 or 3 "
                                    "channels; an example's shape is {}.",
                                    shape_text(shape.input)));
      }
      // relu(max(x)) = max(relu(x)), with a quarter of the values to rectify.
      auto table = std::make_shared<ParameterTable>();
      auto net = std::make_shared<Sequential>();
      net->add<Conv2d>(
          *table, "conv1",
          Conv2dShape{.in = channels, .out = 6, .kernel = 5, .padding = side == 28 ? 2 : 0});
      net->add<MaxPool2d>(2);
      net->add<Relu>();
      net->add<Conv2d>(*table, "conv2", Conv2dShape{.in = 6, .out = 16, .kernel = 5});
      net->add<MaxPool2d>(2);
      net->add<Relu>();
      net->add<Flatten>();
      net->add<Linear>(*table, "fc1", 16 * 5 * 5, 120);
      net->add<Relu>();
      net->add<Linear>(*table, "fc2", 120, 84);
      net->add<Relu>();
      net->add<Linear>(*table, "fc3", 84, shape.outputs);
      return {net, table};
    };
  };
  return architecture;
}

}  // namespace oubli
