// A small convolutional network for small images: blocks that halve the image, and one linear
// layer.
//
//   block(x) = relu(maxpool_2x2(norm(conv_3x3(x))))     fc(flatten(x))
//
// The plain network of textbooks, of no paper: small enough that a core trains it on 10,000 images
// in half a minute, and good enough at CIFAR-10 that there is something to unlearn. The maximum is
// taken before the rectifier, relu(max(x)) = max(relu(x)), with a quarter of the values to rectify.
// Convolutions have a bias where there is no norm. With batch normalisation, curvature and
// per-sample gradients are those of evaluation, at running statistics; group normalisation has
// none. 33,946 parameters for 3x32x32, 10 outputs and channels of 16, 32 and 64.
#include <fmt/format.h>

#include "core/nn/architectures/parts.h"

namespace oubli {

Architecture convnet_architecture() {
  Architecture architecture;
  architecture.name = "convnet";
  architecture.summary = "blocks of a 3x3 convolution, norm and 2x2 max pooling, then one layer";
  architecture.configure = [](const Settings& settings) {
    const std::vector<std::int64_t> channels =
        settings.integers("channels", {{16, 32, 64}},
                          {.at_least = 1, .doc = "of each block; every block halves the image"});
    const NormKind norm = read_norm(settings, {"batch", "group", "none"});
    for (const std::int64_t each : channels) require_groups(settings, "channels", norm, each);
    return [channels, norm, origin = settings.origin()](const NetworkShape& shape) -> Network {
      if (channels.size() > 16) fail_at(origin, "convnet has 16 blocks at most.");
      require_image("convnet", origin, shape, std::int64_t{1} << channels.size());
      auto table = std::make_shared<ParameterTable>();
      auto net = std::make_shared<Sequential>();
      std::int64_t in = shape.input[0];
      std::int64_t height = shape.input[1];
      std::int64_t width = shape.input[2];
      for (std::size_t i = 0; i < channels.size(); ++i) {
        net->add<Conv2d>(
            *table, fmt::format("conv{}", i + 1),
            Conv2dShape{
                .in = in, .out = channels[i], .padding = 1, .bias = norm == NormKind::kNone});
        if (norm != NormKind::kNone) {
          net->add(make_norm(*table, fmt::format("bn{}", i + 1), norm, channels[i]));
        }
        net->add<MaxPool2d>(2);
        net->add<Relu>();
        in = channels[i];
        height /= 2;
        width /= 2;
      }
      net->add<Flatten>();
      net->add<Linear>(*table, "fc", in * height * width, shape.outputs);
      return {net, table};
    };
  };
  return architecture;
}

}  // namespace oubli
