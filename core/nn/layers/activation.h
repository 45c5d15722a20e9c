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

// x Phi(x), Phi the distribution function of N(0, 1): PyTorch's exact form.
class Gelu : public Layer {
 public:
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
};

// 1 / (1 + exp(-x)).
class Sigmoid : public Layer {
 public:
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
};

// x / (1 + exp(-x)).
class Silu : public Layer {
 public:
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
};

// x above 0, slope x elsewhere; kinks as Relu's.
class LeakyRelu : public Layer {
 public:
  explicit LeakyRelu(double slope = 0.01) : slope_(slope) {}
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;

 private:
  double slope_;
};

}  // namespace oubli
