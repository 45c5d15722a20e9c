// A model: a network of layers, and theta, all of its trainable parameters as one vector.
//
// Every layer's weights are views into theta, so a Newton step, a distance between models or noise
// on all parameters is one operation on one vector, and needs no copying in or out.
//
//   Network network = builtin_architectures().find("mlp").configure(settings)(shape);
//   Model model(network.layers, network.table, at::kFloat);
//   model.initialise(generator);
//   Tensor logits = model.forward(inputs);
//   model.add_to_theta(step);
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/tensor.h"
#include "core/nn/layer.h"
#include "core/nn/linearisation.h"

namespace oubli {

class Model {
 public:
  // `net` was built with `table`. Parameters are zero until initialised or loaded.
  Model(std::shared_ptr<const Layer> net, std::shared_ptr<const ParameterTable> table,
        at::ScalarType dtype);

  // A deep copy: nothing that happens to it reaches this model. Copying by accident is an error.
  Model clone() const;
  Model(Model&&) = default;
  Model& operator=(Model&&) = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  // Draws every parameter as its layer declared; buffers go to their initial values.
  void initialise(Generator& generator);
  // The same for the parameters that `which`, bool [dim], names: each gets the value that it would
  // have been given above. Buffers of layers of which nothing is drawn stay.
  void initialise(Generator& generator, const Tensor& which);

  // [b, ...] -> [b, outputs]. In training mode batch normalisation updates its running statistics,
  // and dropout draws from `generator`.
  Tensor forward(const Tensor& inputs, PassMode mode = PassMode::kEvaluation,
                 Generator* generator = nullptr) const;
  // The same in evaluation mode, with a look at its layers (layer.h). Differentiable in the
  // parameters, and in what a tap puts in an output's place.
  Tensor forward(const Tensor& inputs, const Tap& tap) const;

  // The network at this batch and the present parameters, for products with its derivatives. It
  // refers to this model, whose parameters must not change while it is used. Throws
  // Error(kNumerics) in training mode where a layer mixes examples or draws.
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& inputs,
                                                PassMode mode = PassMode::kEvaluation) const;
  // What the model is made of, shared with its copies.
  const Layer& network() const { return *net_; }
  // Whether every layer can be linearised in training mode, at no cost in speed.
  bool trains_by_rule() const { return net_->trains_by_rule(); }

  std::int64_t dim() const { return table_->size(); }
  at::ScalarType dtype() const { return theta_.scalar_type(); }
  const std::vector<ParameterInfo>& parameter_infos() const { return table_->parameters(); }
  const std::vector<BufferInfo>& buffer_infos() const { return table_->buffers(); }

  // The flat vector [dim], shared with the layers. Change it through the members below only: they
  // keep automatic differentiation out of the change. Both throw Error(kUsage) unless the vector
  // has shape [dim]. A sum is formed in the wider of the two types and rounded once.
  const Tensor& theta() const { return theta_; }
  void set_theta(const Tensor& value);
  void add_to_theta(const Tensor& step, double factor = 1.0);

  // Where the parameter of this name stands among parameter_infos(); none where there is none.
  std::optional<std::size_t> find_parameter(const std::string& name) const;

  // The views that gradients are taken with respect to, in the order of parameter_infos().
  const Tensors& parameters() const { return parameters_; }
  const Tensors& buffers() const { return buffers_; }

  // Cuts a flat vector [dim] into views shaped like the parameters.
  Tensors split(const Tensor& flat) const;
  // Joins tensors shaped like the parameters into one vector [dim]; undefined ones count as zero.
  Tensor join(const Tensors& pieces) const;

 private:
  void require_flat(const Tensor& vector) const;

  std::shared_ptr<const Layer> net_;
  std::shared_ptr<const ParameterTable> table_;
  Tensor theta_;
  Tensors parameters_;
  Tensors buffers_;
};

}  // namespace oubli
