#include "core/nn/layers/activation.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>
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

// y = f(x) for any f of one number, from f' and, where it is not zero, f''. The slope is made where
// it is first asked for, and training does not.
class LinearisedCurve : public LayerLinearisation {
 public:
  LinearisedCurve(const Tensor& x, const Tensor& y, Tensor slope)
      : LayerLinearisation(y), x_(x), slope_(std::move(slope)) {}
  LinearisedCurve(const Tensor& x, const Tensor& y, SmoothActivation::Function slope_of,
                  SmoothActivation::Function bend, SmoothActivation::Adjoint passes_back)
      : LayerLinearisation(y), x_(x), slope_of_(slope_of), bend_(bend), adjoint_(passes_back) {}

  Tensor tangent(const Tensor& dx, const Tensors&, bool keep) override {
    if (keep) dx_ = dx;
    return passed(dx);
  }
  Tensor adjoint(const Tensor& g, const Adjoint& request) override {
    if (request.keep) g_ = g;
    if (!request.input) return {};
    return adjoint_ != nullptr && !slope_.defined() && g.defined() ? adjoint_(g, x_) : passed(g);
  }
  Tensor adjoint_tangent(const Tensor& dg, const Tensors&, Tensors&, bool input) override {
    const Tensor dx = std::exchange(dx_, Tensor());
    if (!input) return {};
    Tensor result = passed(dg);
    if (dx.defined() && bend_ != nullptr) add_defined(result, g_ * bend_(x_) * dx);
    return result;
  }
  void list_kept(Tensors& kept) const override {
    kept.insert(kept.end(), {x_, output_});
    if (slope_.defined()) kept.push_back(slope_);
    if (g_.defined()) kept.push_back(g_);
  }

 private:
  Tensor passed(const Tensor& t) {
    if (!t.defined()) return {};
    if (!slope_.defined()) slope_ = slope_of_(x_);
    return t * slope_;
  }
  Tensor x_, slope_, g_, dx_;
  SmoothActivation::Function slope_of_ = nullptr, bend_ = nullptr;
  SmoothActivation::Adjoint adjoint_ = nullptr;
};

Tensor normal_density(const Tensor& x) {
  return (x.square() * -0.5).exp_().mul_(1 / std::sqrt(2 * std::numbers::pi));
}

Tensor gelu(const Tensor& x) { return at::gelu(x); }  // of its default form
Tensor gelu_slope(const Tensor& x) { return at::special_ndtr(x) + x * normal_density(x); }
Tensor gelu_adjoint(const Tensor& g, const Tensor& x) { return at::gelu_backward(g, x); }
Tensor gelu_bend(const Tensor& x) { return normal_density(x) * (2 - x.square()); }

// f = x (1 + t) / 2, t = tanh u, u = c (x + a x^3), of which u' = c (1 + 3 a x^2), u'' = 6 a c x:
// f' = (1 + t) / 2 + x s u' / 2 and f'' = s (u' + x (u'' / 2 - t u'^2)), s = 1 - t^2.
constexpr double kCubic = 0.044715, kScale = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;

Tensor tanh_inside(const Tensor& x) { return at::tanh(kScale * (x + kCubic * x.pow(3))); }
Tensor inside_slope(const Tensor& x) { return kScale * (1 + 3 * kCubic * x.square()); }

Tensor gelu_tanh(const Tensor& x) { return at::gelu(x, "tanh"); }
Tensor gelu_tanh_slope(const Tensor& x) {
  const Tensor t = tanh_inside(x);
  return 0.5 * (1 + t) + 0.5 * x * (1 - t.square()) * inside_slope(x);
}
Tensor gelu_tanh_adjoint(const Tensor& g, const Tensor& x) {
  return at::gelu_backward(g, x, "tanh");
}
Tensor gelu_tanh_bend(const Tensor& x) {
  const Tensor t = tanh_inside(x), du = inside_slope(x);
  return (1 - t.square()) * (du + x * (3 * kCubic * kScale * x - t * du.square()));
}

Tensor sigmoid_slope(const Tensor& x) { return x.sigmoid() * x.neg().sigmoid(); }
Tensor sigmoid_bend(const Tensor& x) { return sigmoid_slope(x) * (1 - 2 * x.sigmoid()); }

Tensor silu_slope(const Tensor& x) { return x.sigmoid() + x * sigmoid_slope(x); }
Tensor silu_bend(const Tensor& x) { return sigmoid_slope(x) * (2 + x * (1 - 2 * x.sigmoid())); }

}  // namespace

Tensor SmoothActivation::forward(const Tensor& input, ForwardPass&) const { return value_(input); }
std::unique_ptr<LayerLinearisation> SmoothActivation::linearise(const Tensor& input,
                                                                ForwardPass&) const {
  return std::make_unique<LinearisedCurve>(input, value_(input), slope_, bend_, adjoint_);
}

Gelu::Gelu(GeluForm form)
    : SmoothActivation(
          form == GeluForm::kTanh
              ? SmoothActivation(gelu_tanh, gelu_tanh_slope, gelu_tanh_bend, gelu_tanh_adjoint)
              : SmoothActivation(gelu, gelu_slope, gelu_bend, gelu_adjoint)) {}
Sigmoid::Sigmoid() : SmoothActivation(at::sigmoid, sigmoid_slope, sigmoid_bend, nullptr) {}
Silu::Silu() : SmoothActivation(at::silu, silu_slope, silu_bend, nullptr) {}

Tensor LeakyRelu::forward(const Tensor& input, ForwardPass&) const {
  return at::leaky_relu(input, slope_);
}
std::unique_ptr<LayerLinearisation> LeakyRelu::linearise(const Tensor& input, ForwardPass&) const {
  const Tensor slope = at::full_like(input, slope_).masked_fill_(input > 0, 1);
  return std::make_unique<LinearisedCurve>(input, at::leaky_relu(input, slope_), slope);
}

Tensor Relu::forward(const Tensor& input, ForwardPass&) const { return at::relu(input); }
std::unique_ptr<LayerLinearisation> Relu::linearise(const Tensor& input, ForwardPass&) const {
  return std::make_unique<LinearisedRelu>(input);
}

Tensor Tanh::forward(const Tensor& input, ForwardPass&) const { return at::tanh(input); }
std::unique_ptr<LayerLinearisation> Tanh::linearise(const Tensor& input, ForwardPass&) const {
  return std::make_unique<LinearisedTanh>(input);
}

}  // namespace oubli
