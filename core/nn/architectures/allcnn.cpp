// All-CNN-C: nine convolutions, strides in place of pooling, and a global average in place of fully
// connected layers.
//
//   3x3: 96, 96, 96/2, 192, 192, 192/2, 192 (unpadded);  1x1: 192, outputs;  mean over positions
//
// Source: Springenberg, Dosovitskiy, Brox, Riedmiller (2015), "Striving for simplicity: the all
// convolutional net", table 2; the last 3x3 is unpadded so that 32x32 gives the paper's 6x6 map.
// Deviations: no dropout (a random loss has no curvature of its own: use weight decay), no ReLU on
// the outputs, and optional normalisation, whose convolutions then have no bias.
// `width` multiplies 96 and 192. 1,369,738 parameters for 10 outputs at width 1 without norm.
#include <fmt/format.h>

#include <cmath>

#include "core/nn/architectures/parts.h"

namespace oubli {
namespace {

struct AllCnn {
  std::int64_t narrow = 96;
  std::int64_t wide = 192;
  NormKind norm = NormKind::kNone;
};

Network build(const AllCnn& sizes, const NetworkShape& shape) {
  const std::int64_t a = sizes.narrow;
  const std::int64_t b = sizes.wide;
  const std::vector<Conv2dShape> convolutions = {
      {.in = shape.input[0], .out = a, .padding = 1},
      {.in = a, .out = a, .padding = 1},
      {.in = a, .out = a, .stride = 2, .padding = 1},
      {.in = a, .out = b, .padding = 1},
      {.in = b, .out = b, .padding = 1},
      {.in = b, .out = b, .stride = 2, .padding = 1},
      {.in = b, .out = b},
      {.in = b, .out = b, .kernel = 1},
  };
  auto table = std::make_shared<ParameterTable>();
  auto net = std::make_shared<Sequential>();
  for (std::size_t i = 0; i < convolutions.size(); ++i) {
    Conv2dShape convolution = convolutions[i];
    convolution.bias = sizes.norm == NormKind::kNone;
    net->add<Conv2d>(*table, fmt::format("conv{}", i + 1), convolution);
    if (sizes.norm != NormKind::kNone) {
      net->add(make_norm(*table, fmt::format("bn{}", i + 1), sizes.norm, convolution.out));
    }
    net->add<Relu>();
  }
  net->add<Conv2d>(*table, "conv9", Conv2dShape{.in = b, .out = shape.outputs, .kernel = 1});
  net->add<GlobalAveragePool>();
  return {net, table};
}

}  // namespace

Architecture allcnn_architecture() {
  Architecture architecture;
  architecture.name = "allcnn";
  architecture.summary = "All-CNN-C: nine convolutions and a global average, without dropout";
  architecture.configure = [](const Settings& settings) {
    const double width = settings.real("width", {.default_value = 1.0,
                                                 .above = 0,
                                                 .at_most = 64,
                                                 .doc = "multiplies the channels, 96 and 192"});
    AllCnn sizes;
    sizes.narrow = std::max<std::int64_t>(1, std::llround(96 * width));
    sizes.wide = std::max<std::int64_t>(1, std::llround(192 * width));
    sizes.norm = read_norm(settings, {"none", "batch", "group"});
    require_groups(settings, "width", sizes.norm, sizes.narrow);
    require_groups(settings, "width", sizes.norm, sizes.wide);
    return [sizes, origin = settings.origin()](const NetworkShape& shape) -> Network {
      // 9 -> 5 -> 3 -> 1: below it the unpadded convolution has nothing left.
      require_image("allcnn", origin, shape, 9);
      return build(sizes, shape);
    };
  };
  return architecture;
}

}  // namespace oubli
