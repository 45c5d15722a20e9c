// Elementwise activations.
#pragma once

#include "core/nn/layer.h"

namespace oubli {

// max(x, 0). Its derivative at 0 is 0, and its second derivative is 0 everywhere.
class Relu : public Layer {
 public:
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override { return true; }
};

class Tanh : public Layer {
 public:
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override { return true; }
};

}  // namespace oubli
