// A network written down layer by layer:
//
//   model:
//     name: network
//     layers:
//       - conv: {channels: 32, kernel: 3, padding: 1, as: conv1}
//       - batch_norm
//       - relu
//       - max_pool: {size: 3, stride: 2, padding: 1}
//       - residual: {body: [{conv: {channels: 32, padding: 1}}, relu, {conv: {channels: 32,
//       padding: 1}}]} - global_average_pool
//       - dropout: {p: 0.1}
//       - linear                                     # as many outputs as the data has classes
//
// Parameters are called as PyTorch calls those of torch.nn.Sequential, by the layer's place from 0
// ("0.weight"), or by `as` ("conv1.weight"); in a residual block or a branch the block's name and a
// point stand in front. All of it is made of layers with rules, and so as fast as the architectures
// that have names.
#include "core/nn/architectures/layer_list.h"
#include "core/nn/architectures/parts.h"

namespace oubli {

Architecture network_architecture() {
  Architecture architecture;
  architecture.name = "network";
  architecture.summary = "layers written down one by one";
  architecture.example = "layers: [flatten, {linear: {features: 8}}, tanh, linear]";
  architecture.configure = [](const Settings& settings) {
    const LayerList layers = LayerList::read(settings, "layers");
    return [layers, origin = settings.origin(),
            list = settings.origin("layers")](const NetworkShape& shape) -> Network {
      require_shape("network", origin, shape);
      auto table = std::make_shared<ParameterTable>();
      auto net = std::make_shared<Sequential>();
      LayerPlace place{*table, shape.outputs, "", shape.input};
      layers.add_to(*net, place);
      if (place.shape != std::vector<std::int64_t>{shape.outputs}) {
        fail_at(list, fmt::format("the last layer gives {} for each example, expected {}: end "
                                  "with `linear`.",
                                  shape_text(place.shape), shape.outputs));
      }
      return {net, table};
    };
  };
  return architecture;
}

}  // namespace oubli
