#include "core/nn/layers/convolution.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"
#include "core/nn/kernel_gradients.h"
#include "core/nn/linearisation.h"

namespace oubli {
namespace {

// oneDNN, which computes in float32 only, is faster with the channels innermost; a weight laid out
// so makes the output so, and with it all that follows.
Tensor laid_out(const Tensor& weight) {
  if (weight.scalar_type() != at::kFloat) return weight;
  return weight.to(at::kFloat, /*non_blocking=*/false, /*copy=*/false,
                   at::MemoryFormat::ChannelsLast);
}

Tensor convolve(const Tensor& x, const Tensor& weight, const Tensor& bias,
                const Conv2dShape& shape) {
  return at::conv2d(x, weight, bias, shape.stride, shape.padding, 1, shape.groups);
}

class LinearisedConv2d : public ParameterLinearisation, public KroneckerRules {
 public:
  LinearisedConv2d(const Tensor& input, const ForwardPass& pass, const Conv2dShape& shape,
                   std::vector<std::size_t> numbers)
      : shape_(shape), numbers_(std::move(numbers)), x_(input) {
    weight_ = laid_out(pass.parameters[numbers_[0]].detach());
    output_ = convolve(x_, weight_, shape_.bias ? pass.parameters[numbers_[1]].detach() : Tensor(),
                       shape_);
  }

  const std::vector<std::size_t>& parameters() const override { return numbers_; }

  Tensor tangent(const Tensor& dx, const Tensors& v, bool keep) override {
    if (keep) dx_ = dx;
    const Tensor bias = shape_.bias ? v[numbers_[1]] : Tensor();
    Tensor dy = convolve(x_, laid_out(v[numbers_[0]]), bias, shape_);
    if (dx.defined()) dy.add_(convolve(dx, weight_, {}, shape_));
    return dy;
  }

  Tensor adjoint(const Tensor& g, const Adjoint& request) override {
    remember(g, request);
    return backward(g, x_, weight_, request.input, request.sums, shape_.bias);
  }

  Tensor adjoint_tangent(const Tensor& dg, const Tensors& v, Tensors& sums, bool input) override {
    const Tensor dx = std::exchange(dx_, Tensor());
    Tensor result;
    if (dg.defined()) result = backward(dg, x_, weight_, input, &sums, shape_.bias);
    // J_x' depends on the weight and J_theta' on the input: one call for both.
    Tensors* moved = dx.defined() ? &sums : nullptr;
    if (input || moved != nullptr) {
      add_defined(result, backward(kept_.back(), dx.defined() ? dx : x_, laid_out(v[numbers_[0]]),
                                   input, moved, false));
    }
    return result;
  }

  void add_squared_gradients(const Tensors& gradients, Tensors& sums) const override {
    add_squared_kernel_gradients(x_, gradients, window(), shape_.groups, sums[numbers_[0]]);
    if (!shape_.bias) return;
    for (const Tensor& g : gradients) sums[numbers_[1]].add_(g.sum({2, 3}).square_().sum(0));
  }

  Tensors example_gradients(const Tensor& g, std::int64_t begin,
                            std::int64_t count) const override {
    const Tensor gradient = g.narrow(0, begin, count);
    Tensors each = {
        kernel_gradients(x_.narrow(0, begin, count), gradient, window(), shape_.groups)};
    if (shape_.bias) each.push_back(gradient.sum({2, 3}));
    return each;
  }

  const KroneckerRules* kronecker() const override { return this; }

  Shape kronecker_shape() const override {
    return {.groups = shape_.groups,
            .out = shape_.out / shape_.groups,
            .in = weight_[0].numel() + (shape_.bias ? 1 : 0),
            .positions = output_.size(2) * output_.size(3),
            .bias = shape_.bias};
  }

  Tensor kronecker_inputs(std::int64_t begin, std::int64_t count) const override {
    const Tensor a = unfolded(begin, count);
    return shape_.bias ? at::constant_pad_nd(a, {0, 1}, 1) : a;
  }

  Tensor kronecker_gradients(const Tensor& g, std::int64_t begin,
                             std::int64_t count) const override {
    // No copy where the channels are innermost.
    const Tensor rows = g.narrow(0, begin, count).permute({0, 2, 3, 1}).flatten(1, 2);
    return rows.unflatten(2, {shape_.groups, -1}).transpose(1, 2);
  }

  void add_input_moments(const Tensor& weights, const Tensor& sums) const override {
    if (weights.defined() && weights.dim() != 1) {
      throw Error(ErrorKind::kUsage, "a convolution weights examples, not positions");
    }
    const Tensor roots = weights.defined() ? weights.sqrt().view({-1, 1, 1, 1}) : Tensor();
    const Tensor x = roots.defined() ? x_ * roots : x_;
    const std::int64_t in = weight_[0].numel();
    const double count =
        weights.defined() ? weights.sum().item<double>() : static_cast<double>(x.size(0));
    const std::int64_t channels = shape_.in / shape_.groups;
    for (std::int64_t i = 0; i < shape_.groups; ++i) {
      const Tensor images = x.narrow(1, i * channels, channels);
      sums[i].narrow(0, 0, in).narrow(1, 0, in).add_(patch_moment(images, window()));
      if (!shape_.bias) continue;
      const Tensor row = sums[i][in];
      row.narrow(0, 0, in).add_(patch_sum(roots.defined() ? images * roots : images, window()));
      row[in].add_(count * static_cast<double>(kronecker_shape().positions));
    }
  }

  void list_kept(Tensors& kept) const override {
    kept.insert(kept.end(), {x_, weight_, output_});
    kept.insert(kept.end(), kept_.begin(), kept_.end());
  }

 private:
  KernelWindow window() const { return {shape_.kernel, shape_.stride, shape_.padding}; }

  Tensor backward(const Tensor& g, const Tensor& x, const Tensor& weight, bool input, Tensors* sums,
                  bool bias) const {
    const bool parameters = sums != nullptr;
    const auto [gx, gw, gb] = at::convolution_backward(
        g, x, weight, at::IntArrayRef{shape_.out}, {shape_.stride, shape_.stride},
        {shape_.padding, shape_.padding}, {1, 1}, /*transposed=*/false, {0, 0}, shape_.groups,
        {input, parameters, parameters && bias});
    if (parameters) {
      (*sums)[numbers_[0]].add_(gw);
      if (bias) (*sums)[numbers_[1]].add_(gb);
    }
    return gx;
  }

  // [b, groups, positions, in / groups k k]
  Tensor unfolded(std::int64_t begin, std::int64_t count) const {
    const Tensor patches =
        at::im2col(x_.narrow(0, begin, count).contiguous(), {shape_.kernel, shape_.kernel}, {1, 1},
                   {shape_.padding, shape_.padding}, {shape_.stride, shape_.stride});
    return patches.view({count, shape_.groups, -1, patches.size(2)}).transpose(2, 3);
  }

  Conv2dShape shape_;
  std::vector<std::size_t> numbers_;
  Tensor x_, weight_, dx_;
};

}  // namespace

Conv2d::Conv2d(ParameterTable& table, const std::string& name, const Conv2dShape& shape,
               Initialisation initialisation)
    : shape_(shape) {
  if (shape.groups < 1 || shape.in % shape.groups != 0 || shape.out % shape.groups != 0) {
    throw Error(ErrorKind::kUsage,
                fmt::format("{} input and {} output channels cannot be divided into {} groups",
                            shape.in, shape.out, shape.groups));
  }
  const std::int64_t window = shape.kernel * shape.kernel;
  const std::int64_t fan_in = shape.in / shape.groups * window;
  const bool fan_out = initialisation == Initialisation::kHeNormalFanOut;
  weight_ =
      table.add(name + ".weight", {shape.out, shape.in / shape.groups, shape.kernel, shape.kernel},
                initialisation, fan_out ? shape.out * window : fan_in);
  if (shape.bias) {
    bias_ = table.add(name + ".bias", {shape.out}, Initialisation::kUniformFanIn, fan_in);
  }
}

Tensor Conv2d::forward(const Tensor& input, ForwardPass& pass) const {
  return convolve(input, laid_out(pass.parameters[weight_]),
                  shape_.bias ? pass.parameters[bias_] : Tensor(), shape_);
}

std::unique_ptr<LayerLinearisation> Conv2d::linearise(const Tensor& input,
                                                      ForwardPass& pass) const {
  std::vector<std::size_t> numbers = {weight_};
  if (shape_.bias) numbers.push_back(bias_);
  return std::make_unique<LinearisedConv2d>(input, pass, shape_, std::move(numbers));
}

}  // namespace oubli
