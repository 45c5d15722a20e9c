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

// Any function of one number, by its first two derivatives.
class SmoothActivation : public Layer {
 public:
  using Function = Tensor (*)(const Tensor& x);
  // `adjoint`: slope(x) g in one pass, where LibTorch has it; else null.
  using Adjoint = Tensor (*)(const Tensor& g, const Tensor& x);
  SmoothActivation(Function value, Function slope, Function bend, Adjoint adjoint)
      : value_(value), slope_(slope), bend_(bend), adjoint_(adjoint) {}
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override { return adjoint_ != nullptr; }

 private:
  Function value_, slope_, bend_;
  Adjoint adjoint_;
};

// x Phi(x), Phi the distribution function of N(0, 1): PyTorch's exact form. `kTanh`: as it is
// approximated by x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, which GPT-2 was trained with
// and PyTorch calls approximate='tanh' (Hendrycks and Gimpel 2016, arXiv 1606.08415); the two are
// at most 5e-4 apart.
enum class GeluForm { kExact, kTanh };

class Gelu : public SmoothActivation {
 public:
  explicit Gelu(GeluForm form = GeluForm::kExact);
};

// 1 / (1 + exp(-x)).
class Sigmoid : public SmoothActivation {
 public:
  Sigmoid();
};

// x / (1 + exp(-x)).
class Silu : public SmoothActivation {
 public:
  Silu();
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
