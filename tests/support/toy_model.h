// A model of one layer, or of layers in a row, for tests that need no architecture.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <memory>
#include <string>

#include "core/nn/layers.h"
#include "core/nn/model.h"

namespace oubli::testing {

// Builds a float64 model from layers that `fill` adds, initialised from `seed`.
// x W, of which the toolkit knows only how to compute it.
class ProductWithoutRules : public Layer {
 public:
  ProductWithoutRules(ParameterTable& table, const std::string& name, std::int64_t features)
      : weight_(table.add(name + ".weight", {features, features}, Initialisation::kUniformFanIn,
                          features)) {}
  Tensor forward(const Tensor& input, ForwardPass& pass) const override {
    return input.matmul(pass.parameters[weight_]);
  }

 private:
  std::size_t weight_;
};

inline Model toy_model(const std::function<void(Sequential&, ParameterTable&)>& fill,
                       std::uint64_t seed = 1) {
  auto table = std::make_shared<ParameterTable>();
  auto net = std::make_shared<Sequential>();
  fill(*net, *table);
  Model model(net, table, at::kDouble);
  Generator generator(seed);
  model.initialise(generator);
  return model;
}

}  // namespace oubli::testing
