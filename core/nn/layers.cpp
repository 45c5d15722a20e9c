#include "core/nn/layers.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/base/error.h"

namespace oubli {
namespace {

constexpr double kNormEpsilon = 1e-5;
constexpr double kNormMomentum = 0.1;

void require_evaluation(const Pass& pass) {
  if (pass.mode == Mode::kTraining) {
    throw Error(ErrorKind::kNumerics,
                "batch normalisation in training mode mixes the examples of a batch: an example "
                "has no gradient of its own there. Use evaluation mode.");
  }
}

std::int64_t checked_groups(std::int64_t groups, std::int64_t channels) {
  if (groups >= 1 && channels % groups == 0) return groups;
  throw Error(ErrorKind::kUsage,
              fmt::format("{} channels cannot be divided into {} groups", channels, groups));
}

// gamma and beta of a normalisation whose normalised input is x_hat [b, c, h, w].
void add_affine_squares(const Tensor& x_hat, const Tensor& gradient, Tensor& gamma, Tensor& beta) {
  gamma += (gradient * x_hat).sum({2, 3}).square().sum(0);
  beta += gradient.sum({2, 3}).square().sum(0);
}

}  // namespace

Linear::Linear(ParameterTable& table, const std::string& name, std::int64_t in, std::int64_t out,
               bool bias)
    : weight_(table.add(name + ".weight", {out, in}, Initialisation::kUniformFanIn, in)),
      has_bias_(bias) {
  if (bias) bias_ = table.add(name + ".bias", {out}, Initialisation::kUniformFanIn, in);
}

Tensor Linear::forward(const Tensor& input, Pass& pass) const {
  const Tensor output = has_bias_
                            ? at::linear(input, pass.parameters[weight_], pass.parameters[bias_])
                            : at::linear(input, pass.parameters[weight_]);
  pass.record(this, input, output);
  return output;
}

void Linear::add_squared_gradients(const Tensor& input, const Tensor& output_gradient, const Pass&,
                                   std::vector<Tensor>& sums) const {
  // One position per example: (g_b a_b')^2 = g_b^2 (a_b^2)', so the sum over b is one product.
  const Tensor squares = output_gradient.square();
  sums[weight_] += squares.t().mm(input.square());
  if (has_bias_) sums[bias_] += squares.sum(0);
}

Conv2d::Conv2d(ParameterTable& table, const std::string& name, const Conv2dShape& shape,
               Initialisation initialisation)
    : shape_(shape) {
  const std::int64_t window = shape.kernel * shape.kernel;
  const bool fan_out = initialisation == Initialisation::kHeNormalFanOut;
  weight_ = table.add(name + ".weight", {shape.out, shape.in, shape.kernel, shape.kernel},
                      initialisation, (fan_out ? shape.out : shape.in) * window);
  if (shape.bias) {
    bias_ =
        table.add(name + ".bias", {shape.out}, Initialisation::kUniformFanIn, shape.in * window);
  }
}

Tensor Conv2d::forward(const Tensor& input, Pass& pass) const {
  const Tensor bias = shape_.bias ? pass.parameters[bias_] : Tensor();
  Tensor weight = pass.parameters[weight_];
  // oneDNN, which computes in float32 only, is faster with the channels innermost; a weight laid
  // out so makes the output so, and with it all that follows.
  if (weight.scalar_type() == at::kFloat) {
    weight = weight.to(at::kFloat, /*non_blocking=*/false, /*copy=*/false,
                       at::MemoryFormat::ChannelsLast);
  }
  const Tensor output = at::conv2d(input, weight, bias, shape_.stride, shape_.padding);
  pass.record(this, input, output);
  return output;
}

void Conv2d::add_squared_gradients(const Tensor& input, const Tensor& output_gradient, const Pass&,
                                   std::vector<Tensor>& sums) const {
  // The unfolded input is kernel^2 times the input: a few examples at a time bound the memory.
  constexpr std::int64_t kChunk = 8;
  for (std::int64_t begin = 0; begin < input.size(0); begin += kChunk) {
    const std::int64_t count = std::min(kChunk, input.size(0) - begin);
    const Tensor patches =
        at::im2col(input.narrow(0, begin, count).contiguous(), {shape_.kernel, shape_.kernel},
                   {1, 1}, {shape_.padding, shape_.padding},
                   {shape_.stride, shape_.stride});  // [b, in k k, positions]
    const Tensor gradient = output_gradient.narrow(0, begin, count).flatten(2);
    const Tensor per_sample = at::bmm(gradient, patches.transpose(1, 2));  // [b, out, in k k]
    sums[weight_] += per_sample.square().sum(0).view(sums[weight_].sizes());
    if (shape_.bias) sums[bias_] += gradient.sum(2).square().sum(0);
  }
}

BatchNorm2d::BatchNorm2d(ParameterTable& table, const std::string& name, std::int64_t channels)
    : channels_(channels),
      gamma_(table.add(name + ".weight", {channels}, Initialisation::kOnes, 1)),
      beta_(table.add(name + ".bias", {channels}, Initialisation::kZeros, 1)),
      mean_(table.add_buffer(name + ".running_mean", {channels}, 0)),
      variance_(table.add_buffer(name + ".running_var", {channels}, 1)) {}

Tensor BatchNorm2d::forward(const Tensor& input, Pass& pass) const {
  const bool training = pass.mode == Mode::kTraining;
  if (training && input.numel() <= channels_) {
    throw Error(ErrorKind::kNumerics,
                "batch normalisation in training mode needs more than one value per channel: one "
                "value has no variance, and the running variance would become NaN. Drop the last "
                "batch of one example or use another batch size.");
  }
  const Tensor output = at::batch_norm(input, pass.parameters[gamma_], pass.parameters[beta_],
                                       pass.buffers[mean_], pass.buffers[variance_], training,
                                       kNormMomentum, kNormEpsilon, /*cudnn_enabled=*/true);
  pass.record(this, input, output);
  return output;
}

void BatchNorm2d::add_squared_gradients(const Tensor& input, const Tensor& output_gradient,
                                        const Pass& pass, std::vector<Tensor>& sums) const {
  require_evaluation(pass);
  // From the input and the running statistics; (output - beta) / gamma would divide by zero.
  const Tensor mean = pass.buffers[mean_].view({1, channels_, 1, 1});
  const Tensor variance = pass.buffers[variance_].view({1, channels_, 1, 1});
  const Tensor x_hat = (input - mean) * (variance + kNormEpsilon).rsqrt();
  add_affine_squares(x_hat, output_gradient, sums[gamma_], sums[beta_]);
}

GroupNorm::GroupNorm(ParameterTable& table, const std::string& name, std::int64_t groups,
                     std::int64_t channels)
    : groups_(checked_groups(groups, channels)),
      gamma_(table.add(name + ".weight", {channels}, Initialisation::kOnes, 1)),
      beta_(table.add(name + ".bias", {channels}, Initialisation::kZeros, 1)) {}

Tensor GroupNorm::forward(const Tensor& input, Pass& pass) const {
  const Tensor output =
      at::group_norm(input, groups_, pass.parameters[gamma_], pass.parameters[beta_], kNormEpsilon);
  pass.record(this, input, output);
  return output;
}

void GroupNorm::add_squared_gradients(const Tensor& input, const Tensor& output_gradient,
                                      const Pass&, std::vector<Tensor>& sums) const {
  const Tensor x_hat = at::group_norm(input, groups_, {}, {}, kNormEpsilon);
  add_affine_squares(x_hat, output_gradient, sums[gamma_], sums[beta_]);
}

Tensor Relu::forward(const Tensor& input, Pass&) const { return at::relu(input); }
Tensor Tanh::forward(const Tensor& input, Pass&) const { return at::tanh(input); }
Tensor MaxPool2d::forward(const Tensor& input, Pass&) const { return at::max_pool2d(input, size_); }
Tensor GlobalAveragePool::forward(const Tensor& input, Pass&) const { return input.mean({2, 3}); }
Tensor Flatten::forward(const Tensor& input, Pass&) const { return input.flatten(1); }

Sequential& Sequential::add(LayerPtr layer) {
  layers_.push_back(std::move(layer));
  return *this;
}

Tensor Sequential::forward(const Tensor& input, Pass& pass) const {
  Tensor value = input;
  for (const LayerPtr& layer : layers_) value = layer->forward(value, pass);
  return value;
}

Residual::Residual(LayerPtr body, LayerPtr shortcut)
    : body_(std::move(body)), shortcut_(std::move(shortcut)) {}

Tensor Residual::forward(const Tensor& input, Pass& pass) const {
  const Tensor direct = shortcut_ ? shortcut_->forward(input, pass) : input;
  return at::relu(body_->forward(input, pass) + direct);
}

}  // namespace oubli
