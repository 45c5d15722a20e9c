#include "core/nn/layers/activation.h"

#include <ATen/ATen.h>

#include <utility>

#include "core/nn/linearisation.h"

namespace oubli {
namespace {

class LinearisedRelu : public LayerLinearisation {
 public:
  explicit LinearisedRelu(const Tensor& x) : LayerLinearisation(at::relu(x)) {}

  Tensor tangent(const Tensor& dx, const Tensors&, bool) override { return passed(dx); }
  Tensor adjoint(const Tensor& g, const Adjoint& request) override {
    return request.input ? passed(g) : Tensor();
  }
  Tensor adjoint_tangent(const Tensor& dg, const Tensors&, Tensors&, bool input) override {
    return input ? passed(dg) : Tensor();
  }
  void list_kept(Tensors& kept) const override { kept.push_back(output_); }

 private:
  Tensor passed(const Tensor& t) const {
    return t.defined() ? at::threshold_backward(t, output_, 0) : Tensor();
  }
};

// y = tanh x, y' = 1 - y^2, y'' = -2 y y'.
class LinearisedTanh : public LayerLinearisation {
 public:
  explicit LinearisedTanh(const Tensor& x) : LayerLinearisation(at::tanh(x)) {}

  Tensor tangent(const Tensor& dx, const Tensors&, bool keep) override {
    const Tensor dy = passed(dx);
    if (keep) dy_ = dy;
    return dy;
  }
  Tensor adjoint(const Tensor& g, const Adjoint& request) override {
    if (request.keep) g_ = g;
    return request.input ? passed(g) : Tensor();
  }
  Tensor adjoint_tangent(const Tensor& dg, const Tensors&, Tensors&, bool input) override {
    const Tensor dy = std::exchange(dy_, Tensor());
    if (!input) return {};
    Tensor result = passed(dg);
    if (dy.defined()) add_defined(result, g_ * output_ * dy * -2);
    return result;
  }
  void list_kept(Tensors& kept) const override {
    kept.push_back(output_);
    if (g_.defined()) kept.push_back(g_);
  }

 private:
  Tensor passed(const Tensor& t) const {
    return t.defined() ? at::tanh_backward(t, output_) : Tensor();
  }
  Tensor g_, dy_;
};

}  // namespace

Tensor Relu::forward(const Tensor& input, ForwardPass&) const { return at::relu(input); }
std::unique_ptr<LayerLinearisation> Relu::linearise(const Tensor& input, ForwardPass&) const {
  return std::make_unique<LinearisedRelu>(input);
}

Tensor Tanh::forward(const Tensor& input, ForwardPass&) const { return at::tanh(input); }
std::unique_ptr<LayerLinearisation> Tanh::linearise(const Tensor& input, ForwardPass&) const {
  return std::make_unique<LinearisedTanh>(input);
}

}  // namespace oubli
