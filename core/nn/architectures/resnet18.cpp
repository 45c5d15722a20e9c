// ResNet-18: a 3x3 stem without pooling for small images, or torchvision's, four stages of two
// basic blocks with 1, 2, 4, 8 times `width` channels (stages 2 to 4 halve the image), a global
// average and a linear layer.
//
//   block(x) = relu(norm(conv(relu(norm(conv(x))))) + shortcut(x))
//
// where the shortcut is the identity, or a 1x1 convolution with norm where the shape changes.
//
// Source: He, Zhang, Ren, Sun (2016), "Deep residual learning for image recognition": the blocks of
// table 1 (18 layers, projection shortcuts) on the stem of section 4.2. Convolutions have no bias
// and start at N(0, 2 / fan_out).
// Deviation: optional group normalisation (8 groups, Wu and He 2018), whose curvature and
// per-sample gradients do not depend on running statistics. Its parameters keep the names bn1, bn2.
// 11,173,962 parameters for 3x32x32, 10 outputs and width 64.
#include <fmt/format.h>

#include "core/nn/architectures/parts.h"

namespace oubli {
namespace {

enum class Stem { kSmall, kLarge };

struct Block {
  std::string name;
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::int64_t stride = 1;
};

void add_convolution(Sequential& net, ParameterTable& table, const std::string& name,
                     Conv2dShape shape) {
  shape.bias = false;
  net.add<Conv2d>(table, name, shape, Initialisation::kHeNormalFanOut);
}

LayerPtr make_block(ParameterTable& table, NormKind norm, const Block& block) {
  auto body = std::make_unique<Sequential>();
  add_convolution(*body, table, block.name + ".conv1",
                  {.in = block.in, .out = block.out, .stride = block.stride, .padding = 1});
  body->add(make_norm(table, block.name + ".bn1", norm, block.out));
  body->add<Relu>();
  add_convolution(*body, table, block.name + ".conv2",
                  {.in = block.out, .out = block.out, .padding = 1});
  body->add(make_norm(table, block.name + ".bn2", norm, block.out));

  std::unique_ptr<Sequential> shortcut;
  if (block.stride != 1 || block.in != block.out) {
    shortcut = std::make_unique<Sequential>();
    add_convolution(*shortcut, table, block.name + ".downsample.0",
                    {.in = block.in, .out = block.out, .kernel = 1, .stride = block.stride});
    shortcut->add(make_norm(table, block.name + ".downsample.1", norm, block.out));
  }
  return std::make_unique<Residual>(std::move(body), std::move(shortcut));
}

Network build(std::int64_t width, NormKind norm, Stem stem, const NetworkShape& shape) {
  auto table = std::make_shared<ParameterTable>();
  auto net = std::make_shared<Sequential>();
  Conv2dShape first{.in = shape.input[0], .out = width, .padding = 1};
  if (stem == Stem::kLarge) first.kernel = 7, first.stride = 2, first.padding = 3;
  add_convolution(*net, *table, "conv1", first);
  net->add(make_norm(*table, "bn1", norm, width));
  net->add<Relu>();
  if (stem == Stem::kLarge) {
    net->add<MaxPool2d>(PoolShape{.size = 3, .stride = 2, .padding = 1});
  }
  std::int64_t channels = width;
  for (int stage = 0; stage < 4; ++stage) {
    const std::int64_t out = width << stage;
    for (int i = 0; i < 2; ++i) {
      const std::int64_t stride = stage > 0 && i == 0 ? 2 : 1;
      net->add(make_block(*table, norm,
                          {fmt::format("layer{}.{}", stage + 1, i), channels, out, stride}));
      channels = out;
    }
  }
  net->add<GlobalAveragePool>();
  net->add<Linear>(*table, "fc", channels, shape.outputs);
  return {net, table};
}

}  // namespace

Architecture resnet18_architecture() {
  Architecture architecture;
  architecture.name = "resnet18";
  architecture.summary = "ResNet-18, with a 3x3 stem for small images or torchvision's";
  architecture.configure = [](const Settings& settings) {
    const std::int64_t width =
        settings.integer("width", {.default_value = 64,
                                   .at_least = 1,
                                   .at_most = 1024,
                                   .doc = "channels of the first stage; later stages double them"});
    const NormKind norm = read_norm(settings, {"batch", "group"});
    require_groups(settings, "width", norm, width);
    const Stem stem =
        settings.choice("stem", {.default_value = "small",
                                 .valid = {"small", "large"},
                                 .doc = "3x3, or torchvision's: 7x7 of stride 2 and a 3x3 pool"}) ==
                "large"
            ? Stem::kLarge
            : Stem::kSmall;
    return [width, norm, stem, origin = settings.origin()](const NetworkShape& shape) -> Network {
      require_image("resnet18", origin, shape, 1);
      return build(width, norm, stem, shape);
    };
  };
  return architecture;
}

}  // namespace oubli
