#include "core/nn/layers/normalisation.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <memory>
#include <tuple>
#include <utility>

#include "core/base/error.h"
#include "core/nn/linearisation.h"

namespace oubli {
namespace {

constexpr double kNormEpsilon = 1e-5;
constexpr double kNormMomentum = 0.1;

using Dimensions = std::vector<std::int64_t>;

// Of x [b, c, positions...]: the shape of one value per channel, and what channels share.
Dimensions channels_of(const Tensor& x) {
  Dimensions shape(static_cast<std::size_t>(x.dim()), 1);
  shape[1] = x.size(1);
  return shape;
}

Dimensions all_but_channels(const Tensor& x) {
  Dimensions shared = {0};
  for (std::int64_t d = 2; d < x.dim(); ++d) shared.push_back(d);
  return shared;
}

// y = gamma x_hat + beta. What a normalisation adds is how x_hat moves with x.
class LinearisedNormalisation : public ParameterLinearisation {
 public:
  // shape: of gamma and beta as they are broadcast over x; summed: the dimensions that they share.
  LinearisedNormalisation(const Tensor& x, const ForwardPass& pass, std::size_t gamma,
                          std::size_t beta, Dimensions shape, Dimensions summed)
      : x_(x),
        numbers_{gamma, beta},
        shape_(std::move(shape)),
        summed_(std::move(summed)),
        gamma_(pass.parameters[gamma].detach().view(shape_)),
        beta_(pass.parameters[beta].detach().view(shape_)) {}

  const std::vector<std::size_t>& parameters() const override { return numbers_; }

  Tensor tangent(const Tensor& dx, const Tensors& v, bool keep) override {
    if (keep) dx_ = dx;
    Tensor dy = at::addcmul(v[numbers_[1]].view(shape_), v[numbers_[0]].view(shape_), x_hat_);
    if (dx.defined()) dy.addcmul_(gamma_, hat_tangent(dx));
    return dy;
  }

  Tensor adjoint(const Tensor& g, const Adjoint& request) override {
    remember(g, request);
    if (request.sums != nullptr) add_affine(g, x_hat_, *request.sums, true);
    return request.input ? hat_adjoint(g * gamma_) : Tensor();
  }

  Tensor adjoint_tangent(const Tensor& dg, const Tensors& v, Tensors& sums, bool input) override {
    const Tensor dx = std::exchange(dx_, Tensor());
    const Tensor& g = kept_.back();
    Tensor d_hat;
    if (dx.defined()) d_hat = hat_tangent(dx);
    if (dg.defined()) add_affine(dg, x_hat_, sums, true);
    if (d_hat.defined()) add_affine(g, d_hat, sums, false);
    if (!input) return {};
    Tensor du = g * v[numbers_[0]].view(shape_);
    if (dg.defined()) du.addcmul_(dg, gamma_);
    Tensor result = hat_adjoint(du);
    if (dx.defined()) add_defined(result, hat_adjoint_tangent(g * gamma_, dx, d_hat));
    return result;
  }

  void add_squared_gradients(const Tensors& gradients, Tensors& sums) const override {
    for (const Tensor& g : gradients) {
      const Tensors each = example_gradients(g, 0, g.size(0));
      for (std::size_t i = 0; i < 2; ++i) sums[numbers_[i]].add_(each[i].square().sum(0));
    }
  }

  Tensors example_gradients(const Tensor& g, std::int64_t begin,
                            std::int64_t count) const override {
    // All shared dimensions but the examples.
    const Dimensions positions(summed_.begin() + 1, summed_.end());
    const Tensor gradient = g.narrow(0, begin, count);
    const Tensor scaled = gradient * x_hat_.narrow(0, begin, count);
    const auto reduced = [&](const Tensor& t) { return positions.empty() ? t : t.sum(positions); };
    return {reduced(scaled), reduced(gradient)};
  }

  void list_kept(Tensors& kept) const override {
    kept.insert(kept.end(), {x_, x_hat_, output_});
    kept.insert(kept.end(), kept_.begin(), kept_.end());
  }

 protected:
  void finish() { output_ = at::addcmul(beta_, gamma_, x_hat_); }

  virtual Tensor hat_tangent(const Tensor& dx) const = 0;
  virtual Tensor hat_adjoint(const Tensor& u) const = 0;
  // The derivative of hat_adjoint(u) along dx at fixed u; undefined for zero.
  virtual Tensor hat_adjoint_tangent(const Tensor& u, const Tensor& dx,
                                     const Tensor& d_hat) const = 0;

  Tensor x_;
  Tensor x_hat_;  // set by the derived class, then finish()

 private:
  void add_affine(const Tensor& g, const Tensor& hat, Tensors& sums, bool shift) const {
    sums[numbers_[0]].add_((g * hat).sum(summed_));
    if (shift) sums[numbers_[1]].add_(g.sum(summed_));
  }

  std::vector<std::size_t> numbers_;
  Dimensions shape_, summed_;
  Tensor gamma_, beta_, dx_;
};

// Fixed statistics: x_hat is affine in x. From the input and the running statistics; recovering it
// as (output - beta) / gamma would divide by zero.
class LinearisedBatchNorm : public LinearisedNormalisation {
 public:
  LinearisedBatchNorm(const Tensor& x, const ForwardPass& pass, std::size_t gamma, std::size_t beta,
                      const Tensor& mean, const Tensor& variance)
      : LinearisedNormalisation(x, pass, gamma, beta, channels_of(x), all_but_channels(x)) {
    const Dimensions shape = channels_of(x);
    scale_ = (variance + kNormEpsilon).rsqrt().view(shape);
    x_hat_ = (x - mean.view(shape)) * scale_;
    finish();
  }

 protected:
  Tensor hat_tangent(const Tensor& dx) const override { return dx * scale_; }
  Tensor hat_adjoint(const Tensor& u) const override { return u * scale_; }
  Tensor hat_adjoint_tangent(const Tensor&, const Tensor&, const Tensor&) const override {
    return {};
  }

 private:
  Tensor scale_;
};

// Statistics of blocks of x itself: with s = 1 / sqrt(var + e) and means over a block,
//   d x_hat = s (dx - mean(dx) - x_hat mean(x_hat dx)), which is symmetric in dx,
//   ds = -s^2 mean(x_hat dx).
class LinearisedBlockNorm : public LinearisedNormalisation {
 public:
  LinearisedBlockNorm(const Tensor& x, const ForwardPass& pass, std::size_t gamma, std::size_t beta,
                      Dimensions shape, Dimensions summed, Dimensions blocks)
      : LinearisedNormalisation(x, pass, gamma, beta, std::move(shape), std::move(summed)),
        blocks_(std::move(blocks)) {
    const Tensor whole = in_blocks(x);
    const Tensor centred = whole - whole.mean(-1, true);
    scale_ = (centred.square().mean(-1, true) + kNormEpsilon).rsqrt();
    hat_ = centred * scale_;
    x_hat_ = hat_.view(x.sizes());
    finish();
  }

 protected:
  Tensor hat_tangent(const Tensor& dx) const override {
    return (scale_ * projected(in_blocks(dx))).view(x_.sizes());
  }
  Tensor hat_adjoint(const Tensor& u) const override { return hat_tangent(u); }

  Tensor hat_adjoint_tangent(const Tensor& u_flat, const Tensor& dx,
                             const Tensor& d_hat_flat) const override {
    const Tensor u = in_blocks(u_flat);
    const Tensor d_hat = in_blocks(d_hat_flat);
    const Tensor ds = scale_.square().neg() * (hat_ * in_blocks(dx)).mean(-1, true);
    const Tensor turned = d_hat * (u * hat_).mean(-1, true) + hat_ * (u * d_hat).mean(-1, true);
    return (ds * projected(u) - scale_ * turned).view(x_.sizes());
  }

 private:
  Tensor in_blocks(const Tensor& x) const { return x.contiguous().view(blocks_); }
  Tensor projected(const Tensor& u) const {
    return u - u.mean(-1, true) - hat_ * (u * hat_).mean(-1, true);
  }

  Dimensions blocks_;
  Tensor scale_, hat_;
};

// The same of the last dimension, by LibTorch's passes over memory where only an adjoint is asked
// for, as in training; x_hat is made where it is first needed.
class LinearisedLayerNorm : public ParameterLinearisation {
 public:
  LinearisedLayerNorm(const Tensor& x, const ForwardPass& pass, std::size_t gamma, std::size_t beta)
      : x_(x.contiguous()), pass_(pass), numbers_{gamma, beta} {
    std::tie(output_, mean_, scale_) = at::native_layer_norm(
        x_, shape(), pass.parameters[gamma].detach(), pass.parameters[beta].detach(), kNormEpsilon);
  }

  const std::vector<std::size_t>& parameters() const override { return numbers_; }

  Tensor tangent(const Tensor& dx, const Tensors& v, bool keep) override {
    return whole().tangent(dx, v, keep);
  }
  Tensor adjoint(const Tensor& g, const Adjoint& request) override {
    remember(g, request);
    if (request.keep || whole_) return whole().adjoint(g, request);
    const bool sums = request.sums != nullptr;
    const auto [gx, d_gamma, d_beta] = at::native_layer_norm_backward(
        g.contiguous(), x_, shape(), mean_, scale_, pass_.parameters[numbers_[0]].detach(),
        pass_.parameters[numbers_[1]].detach(), {request.input, sums, sums});
    if (sums) {
      (*request.sums)[numbers_[0]].add_(d_gamma);
      (*request.sums)[numbers_[1]].add_(d_beta);
    }
    return gx;
  }
  Tensor adjoint_tangent(const Tensor& dg, const Tensors& v, Tensors& sums, bool input) override {
    return whole().adjoint_tangent(dg, v, sums, input);
  }
  void add_squared_gradients(const Tensors& gradients, Tensors& sums) const override {
    whole().add_squared_gradients(gradients, sums);
  }
  Tensors example_gradients(const Tensor& g, std::int64_t begin,
                            std::int64_t count) const override {
    return whole().example_gradients(g, begin, count);
  }
  void list_kept(Tensors& kept) const override {
    kept.insert(kept.end(), {x_, output_, mean_, scale_});
    kept.insert(kept.end(), kept_.begin(), kept_.end());
    if (whole_) whole_->list_kept(kept);
  }

 private:
  Dimensions shape() const { return {x_.size(-1)}; }
  LinearisedBlockNorm& whole() const {
    if (!whole_) {
      Dimensions summed;
      for (std::int64_t d = 0; d + 1 < x_.dim(); ++d) summed.push_back(d);
      whole_ = std::make_unique<LinearisedBlockNorm>(x_, pass_, numbers_[0], numbers_[1], shape(),
                                                     summed, Dimensions{-1, x_.size(-1)});
    }
    return *whole_;
  }

  Tensor x_;
  ForwardPass pass_;  // its parameters outlive this
  std::vector<std::size_t> numbers_;
  Tensor mean_, scale_;
  mutable std::unique_ptr<LinearisedBlockNorm> whole_;
};

std::int64_t checked_groups(std::int64_t groups, std::int64_t channels) {
  if (groups >= 1 && channels % groups == 0) return groups;
  throw Error(ErrorKind::kUsage,
              fmt::format("{} channels cannot be divided into {} groups", channels, groups));
}

}  // namespace

BatchNorm2d::BatchNorm2d(ParameterTable& table, const std::string& name, std::int64_t channels)
    : channels_(channels),
      gamma_(table.add(name + ".weight", {channels}, Initialisation::kOnes, 1)),
      beta_(table.add(name + ".bias", {channels}, Initialisation::kZeros, 1)),
      mean_(table.add_buffer(name + ".running_mean", at::zeros({channels}))),
      variance_(table.add_buffer(name + ".running_var", at::ones({channels}))) {}

Tensor BatchNorm2d::forward(const Tensor& input, ForwardPass& pass) const {
  const bool training = pass.mode == PassMode::kTraining;
  if (training && input.numel() <= channels_) {
    throw Error(ErrorKind::kNumerics,
                "batch normalisation in training mode needs more than one value per channel: one "
                "value has no variance, and the running variance would become NaN. Set "
                "train.drop_last or another batch size.");
  }
  return at::batch_norm(input, pass.parameters[gamma_], pass.parameters[beta_], pass.buffers[mean_],
                        pass.buffers[variance_], training, kNormMomentum, kNormEpsilon,
                        /*cudnn_enabled=*/true);
}

std::unique_ptr<LayerLinearisation> BatchNorm2d::linearise(const Tensor& input,
                                                           ForwardPass& pass) const {
  if (pass.mode == PassMode::kTraining) {
    throw Error(ErrorKind::kNumerics,
                "batch normalisation in training mode mixes the examples of a batch: an example "
                "has no gradient of its own there. Use evaluation mode.");
  }
  return std::make_unique<LinearisedBatchNorm>(input, pass, gamma_, beta_, pass.buffers[mean_],
                                               pass.buffers[variance_]);
}

GroupNorm::GroupNorm(ParameterTable& table, const std::string& name, std::int64_t groups,
                     std::int64_t channels)
    : groups_(checked_groups(groups, channels)),
      gamma_(table.add(name + ".weight", {channels}, Initialisation::kOnes, 1)),
      beta_(table.add(name + ".bias", {channels}, Initialisation::kZeros, 1)) {}

Tensor GroupNorm::forward(const Tensor& input, ForwardPass& pass) const {
  return at::group_norm(input, groups_, pass.parameters[gamma_], pass.parameters[beta_],
                        kNormEpsilon);
}

std::unique_ptr<LayerLinearisation> GroupNorm::linearise(const Tensor& input,
                                                         ForwardPass& pass) const {
  return std::make_unique<LinearisedBlockNorm>(input, pass, gamma_, beta_, channels_of(input),
                                               all_but_channels(input),
                                               Dimensions{input.size(0), groups_, -1});
}

LayerNorm::LayerNorm(ParameterTable& table, const std::string& name, std::int64_t features)
    : features_(features),
      gamma_(table.add(name + ".weight", {features}, Initialisation::kOnes, 1)),
      beta_(table.add(name + ".bias", {features}, Initialisation::kZeros, 1)) {}

Tensor LayerNorm::forward(const Tensor& input, ForwardPass& pass) const {
  return pass.tapped(gamma_, input,
                     at::layer_norm(input, {features_}, pass.parameters[gamma_],
                                    pass.parameters[beta_], kNormEpsilon));
}

std::unique_ptr<LayerLinearisation> LayerNorm::linearise(const Tensor& input,
                                                         ForwardPass& pass) const {
  return std::make_unique<LinearisedLayerNorm>(input, pass, gamma_, beta_);
}

}  // namespace oubli
