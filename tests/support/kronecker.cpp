#include "tests/support/kronecker.h"

#include <ATen/ATen.h>

#include "experiments/selftest/problems.h"

namespace oubli::testing {

CurvatureProblem regression_problem(const std::string& name, std::vector<std::int64_t> input_shape,
                                    const std::function<void(Sequential&, ParameterTable&)>& fill,
                                    std::int64_t examples) {
  Generator generator(17);
  auto data = std::make_shared<Dataset>();
  input_shape.insert(input_shape.begin(), examples);
  data->inputs = generator.normal(input_shape, at::kDouble);
  Model model = toy_model(fill);
  const Tensor outputs = model.forward(data->inputs).detach();
  data->targets = outputs + generator.normal(outputs.sizes(), at::kDouble);
  data->outputs = outputs.size(1);
  return {name, all_of(data), {LossKind::kSquaredError, 0.05}, std::move(model)};
}

Tensor layer_blocks(const Model& model, const Tensor& dense,
                    const std::map<std::string, std::int64_t>& groups) {
  // Entries of one layer and group share a number; those of a diagonal have one each.
  Tensor labels = at::empty({model.dim()}, at::kLong);
  std::map<std::string, std::int64_t> layers;
  for (const ParameterInfo& info : model.parameter_infos()) {
    const std::string layer = info.name.substr(0, info.name.rfind('.'));
    const std::int64_t number = layers.emplace(layer, layers.size()).first->second;
    const auto found = groups.find(layer);
    const std::int64_t count = found == groups.end() ? 1 : found->second;
    for (std::int64_t i = 0; i < info.size; ++i) {
      const std::int64_t label =
          count == 0 ? 1'000'000 + info.offset + i : 1000 * number + i / (info.size / count);
      labels[info.offset + i].fill_(label);
    }
  }
  return dense * labels.unsqueeze(0).eq(labels.unsqueeze(1));
}

std::map<std::string, std::int64_t> groups_of_problem() {
  return {{"bn1", 0},      {"gn2", 0},  {"norm", 0},     {"embedding", 0},
          {"conv2", 2},    {"wte", 0},  {"wpe", 0},      {"h.0.ln_1", 0},
          {"h.0.ln_2", 0}, {"ln_f", 0}, {"h.1.ln_1", 0}, {"h.1.ln_2", 0}};
}

CurvatureProblem deep_linear_over_positions() {
  return regression_problem("positions", {4, 3}, [](Sequential& net, ParameterTable& table) {
    net.add<Linear>(table, "first", 3, 2);
    net.add<Linear>(table, "second", 2, 3);
    net.add<Flatten>();
  });
}

CurvatureProblem deep_linear_with_pooling() {
  return regression_problem("pooling", {2, 4, 5}, [](Sequential& net, ParameterTable& table) {
    net.add<Conv2d>(table, "first", Conv2dShape{.in = 2, .out = 3, .kernel = 3});
    net.add<Conv2d>(table, "second", Conv2dShape{.in = 3, .out = 2, .kernel = 1});
    net.add<GlobalAveragePool>();
  });
}

CurvatureProblem convolution_alone(const Conv2dShape& shape) {
  return regression_problem("convolution", {shape.in, 6, 5},
                            [&](Sequential& net, ParameterTable& table) {
                              net.add<Conv2d>(table, "conv", shape);
                              net.add<Flatten>();
                            });
}

CurvatureProblem tied_weights() {
  return regression_problem("tied", {3}, [](Sequential& net, ParameterTable& table) {
    auto layer = std::make_unique<Linear>(table, "tied", 3, 3, /*bias=*/false);
    const Layer& first = *layer;
    net.add(std::move(layer));
    net.add<Tanh>();
    net.add<Again>(first);
    net.add<Tanh>();
    net.add<Linear>(table, "last", 3, 2);
  });
}

}  // namespace oubli::testing
