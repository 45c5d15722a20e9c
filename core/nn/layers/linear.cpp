#include "core/nn/layers/linear.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <utility>

#include "core/nn/linearisation.h"
#include "core/nn/matrix_product.h"
#include "core/nn/second_moments.h"

namespace oubli {
namespace {

Tensor as_rows(const Tensor& x) { return x.dim() == 2 ? x : x.reshape({-1, x.size(-1)}); }

// x W' + b of inputs with positions, by oneDNN (matrix_product.h); of others as LibTorch does it.
Tensor affine(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (x.dim() == 2) return bias.defined() ? at::linear(x, weight, bias) : at::linear(x, weight);
  std::vector<std::int64_t> shape = x.sizes().vec();
  shape.back() = weight.size(0);
  return times_transposed(as_rows(x), weight, bias).view(shape);
}

class LinearisedLinear : public ParameterLinearisation, public KroneckerRules {
 public:
  // numbers: of the weight, and of the bias where there is one.
  LinearisedLinear(const Tensor& input, const ForwardPass& pass, std::vector<std::size_t> numbers)
      : numbers_(std::move(numbers)), x_(input), weight_(pass.parameters[numbers_[0]].detach()) {
    output_ = affine(x_, weight_, has_bias() ? pass.parameters[numbers_[1]].detach() : Tensor());
  }

  const std::vector<std::size_t>& parameters() const override { return numbers_; }

  Tensor tangent(const Tensor& dx, const Tensors& v, bool keep) override {
    if (keep) dx_ = dx;
    const Tensor& dw = v[numbers_[0]];
    if (x_.dim() > 2) {
      Tensor dy = times_transposed(as_rows(x_), dw, has_bias() ? v[numbers_[1]] : Tensor());
      if (dx.defined()) dy.add_(times_transposed(as_rows(dx), weight_));
      return dy.view(output_.sizes());
    }
    Tensor dy =
        has_bias() ? at::addmm(v[numbers_[1]], as_rows(x_), dw.t()) : as_rows(x_).mm(dw.t());
    if (dx.defined()) dy.addmm_(as_rows(dx), weight_.t());
    return dy.view(output_.sizes());
  }

  Tensor adjoint(const Tensor& g, const Adjoint& request) override {
    remember(g, request);
    const Tensor rows = as_rows(g);
    if (request.sums != nullptr) add_adjoint(rows, *request.sums);
    return request.input ? times(rows, weight_).view(x_.sizes()) : Tensor();
  }

  Tensor adjoint_tangent(const Tensor& dg, const Tensors& v, Tensors& sums, bool input) override {
    const Tensor dx = std::exchange(dx_, Tensor());
    const Tensor g = as_rows(kept_.back());
    if (dx.defined()) add_outer(g, as_rows(dx), sums[numbers_[0]]);
    if (dg.defined()) add_adjoint(as_rows(dg), sums);
    if (!input) return {};
    Tensor result = times(g, v[numbers_[0]]);
    if (dg.defined()) result.add_(times(as_rows(dg), weight_));
    return result.view(x_.sizes());
  }

  void add_squared_gradients(const Tensors& gradients, Tensors& sums) const override {
    if (x_.dim() > 2) return ParameterLinearisation::add_squared_gradients(gradients, sums);
    // One position: (g a')^2 = g^2 (a^2)', so all examples and gradients are one product.
    Tensor squares = gradients[0].square();
    for (std::size_t i = 1; i < gradients.size(); ++i) {
      squares.addcmul_(gradients[i], gradients[i]);
    }
    sums[numbers_[0]].addmm_(squares.t(), x_.square());
    if (has_bias()) sums[numbers_[1]].add_(squares.sum(0));
  }

  Tensors example_gradients(const Tensor& g, std::int64_t begin,
                            std::int64_t count) const override {
    const Tensor gradient = positions(g.narrow(0, begin, count));
    Tensors each = {at::bmm(gradient.transpose(1, 2), positions(x_.narrow(0, begin, count)))};
    if (has_bias()) each.push_back(gradient.sum(1));
    return each;
  }

  const KroneckerRules* kronecker() const override { return this; }

  Shape kronecker_shape() const override {
    return {.out = weight_.size(0),
            .in = weight_.size(1) + (has_bias() ? 1 : 0),
            .positions = x_[0].numel() / x_.size(-1),
            .bias = has_bias()};
  }

  Tensor kronecker_inputs(std::int64_t begin, std::int64_t count) const override {
    const Tensor a = positions(x_.narrow(0, begin, count)).unsqueeze(1);
    return has_bias() ? at::constant_pad_nd(a, {0, 1}, 1) : a;
  }

  Tensor kronecker_gradients(const Tensor& g, std::int64_t begin,
                             std::int64_t count) const override {
    return positions(g.narrow(0, begin, count)).unsqueeze(1);
  }

  void add_input_moments(const Tensor& weights, const Tensor& sums) const override {
    Tensor x = positions(x_);
    const Tensor roots = !weights.defined()   ? Tensor()
                         : weights.dim() == 2 ? weights.sqrt()
                                              : weights.sqrt().unsqueeze(1).expand({-1, x.size(1)});
    if (roots.defined()) x = x * roots.unsqueeze(2);
    x = as_rows(x);
    const std::int64_t in = x.size(1);
    add_lower_moment(x, sums[0].narrow(0, 0, in));
    if (!has_bias()) return;
    // The constant's row: sums, and how many there are of them.
    const Tensor row = sums[0][in];
    if (roots.defined()) {
      const Tensor each = roots.flatten();
      row.narrow(0, 0, in).add_(x.t().mv(each));
      row[in].add_(each.square().sum());
    } else {
      row.narrow(0, 0, in).add_(x.sum(0));
      row[in].add_(x.size(0));
    }
  }

  void list_kept(Tensors& kept) const override {
    kept.insert(kept.end(), {x_, output_});
    kept.insert(kept.end(), kept_.begin(), kept_.end());
  }

 private:
  bool has_bias() const { return numbers_.size() > 1; }
  static Tensor positions(const Tensor& x) { return x.reshape({x.size(0), -1, x.size(-1)}); }
  // g W
  Tensor times(const Tensor& g, const Tensor& weight) const {
    return x_.dim() > 2 ? times_transposed(g, weight.t()) : g.mm(weight);
  }
  // Adds g' x.
  void add_outer(const Tensor& g, const Tensor& x, const Tensor& sum) const {
    if (x_.dim() > 2) {
      sum.add_(times_transposed(g.t(), x.t()));
    } else {
      sum.addmm_(g.t(), x);
    }
  }
  void add_adjoint(const Tensor& g, Tensors& sums) const {
    add_outer(g, as_rows(x_), sums[numbers_[0]]);
    if (has_bias()) sums[numbers_[1]].add_(g.sum(0));
  }

  std::vector<std::size_t> numbers_;
  Tensor x_, weight_, dx_;
};

}  // namespace

Linear::Linear(ParameterTable& table, const std::string& name, std::int64_t in, std::int64_t out,
               bool bias)
    : weight_(table.add(name + ".weight", {out, in}, Initialisation::kUniformFanIn, in)),
      has_bias_(bias) {
  if (bias) bias_ = table.add(name + ".bias", {out}, Initialisation::kUniformFanIn, in);
}

Linear::Linear(ParameterTable& table, const std::string& name, std::int64_t in, std::int64_t out,
               bool bias, Initialisation initialisation, std::int64_t fan)
    : weight_(table.add(name + ".weight", {out, in}, initialisation, fan)), has_bias_(bias) {
  if (bias) bias_ = table.add(name + ".bias", {out}, Initialisation::kZeros, 1);
}

Tensor Linear::forward(const Tensor& input, ForwardPass& pass) const {
  const Tensor& weight = pass.parameters[weight_];
  const Tensor bias = has_bias_ ? pass.parameters[bias_] : Tensor();
  const bool is_recorded =
      at::GradMode::is_enabled() && (weight.requires_grad() || input.requires_grad());
  if (!is_recorded) return pass.tapped(weight_, input, affine(input, weight, bias));
  return pass.tapped(weight_, input,
                     has_bias_ ? at::linear(input, weight, bias) : at::linear(input, weight));
}

std::unique_ptr<LayerLinearisation> Linear::linearise(const Tensor& input,
                                                      ForwardPass& pass) const {
  std::vector<std::size_t> numbers = {weight_};
  if (has_bias_) numbers.push_back(bias_);
  return std::make_unique<LinearisedLinear>(input, pass, std::move(numbers));
}

}  // namespace oubli
