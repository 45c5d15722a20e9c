#include "core/nn/model.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <set>
#include <string>

#include "core/base/error.h"

namespace oubli {
namespace {

Tensor initial_value(const ParameterInfo& info, Generator& generator, at::ScalarType dtype) {
  const auto options = at::TensorOptions().dtype(dtype);
  switch (info.initialisation) {
    case Initialisation::kUniformFanIn: {
      const double bound = 1.0 / std::sqrt(static_cast<double>(info.fan));
      return generator.uniform(info.shape, dtype).mul_(2 * bound).sub_(bound);
    }
    case Initialisation::kHeNormalFanOut:
      return generator.normal(info.shape, dtype).mul_(std::sqrt(2.0 / info.fan));
    case Initialisation::kNormal:
      return generator.normal(info.shape, dtype);
    case Initialisation::kSmallNormal:
      return generator.normal(info.shape, dtype).mul_(0.02 / std::sqrt(info.fan));
    case Initialisation::kZeros:
      return at::zeros(info.shape, options);
    case Initialisation::kOnes:
      return at::ones(info.shape, options);
  }
  return {};
}

}  // namespace

Model::Model(std::shared_ptr<const Layer> net, std::shared_ptr<const ParameterTable> table,
             at::ScalarType dtype)
    : net_(std::move(net)), table_(std::move(table)) {
  const auto options = at::TensorOptions().dtype(dtype);
  theta_ = at::zeros({table_->size()}, options);
  for (const Tensor& view : split(theta_)) {
    parameters_.push_back(view.detach().requires_grad_());
  }
  for (const BufferInfo& info : table_->buffers()) {
    buffers_.push_back(info.initial.to(options, /*non_blocking=*/false, /*copy=*/true));
  }
}

Model Model::clone() const {
  Model copy(net_, table_, dtype());
  copy.set_theta(theta_);
  for (std::size_t i = 0; i < buffers_.size(); ++i) copy.buffers_[i].copy_(buffers_[i]);
  return copy;
}

void Model::initialise(Generator& generator) {
  const at::NoGradGuard no_grad;
  const Tensors views = split(theta_);
  for (std::size_t i = 0; i < views.size(); ++i) {
    // Drawn in float64 and rounded, so that float32 and float64 models start alike.
    views[i].copy_(initial_value(parameter_infos()[i], generator, at::kDouble));
  }
  for (std::size_t i = 0; i < buffers_.size(); ++i) buffers_[i].copy_(buffer_infos()[i].initial);
}

void Model::initialise(Generator& generator, const Tensor& which) {
  const at::NoGradGuard no_grad;
  require_flat(which);
  Model fresh = clone();
  fresh.initialise(generator);
  std::set<std::string> drawn;
  for (const ParameterInfo& info : parameter_infos()) {
    if (which.narrow(0, info.offset, info.size).any().item<bool>()) drawn.insert(info.layer());
  }
  theta_.copy_(at::where(which, fresh.theta(), theta_));
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    if (drawn.contains(buffer_infos()[i].layer())) buffers_[i].copy_(fresh.buffers()[i]);
  }
}

Tensor Model::forward(const Tensor& inputs, PassMode mode, Generator* generator) const {
  ForwardPass pass{parameters_, buffers_, mode, generator};
  return net_->forward(inputs, pass);
}

Tensor Model::forward(const Tensor& inputs, const Tap& tap) const {
  ForwardPass pass{.parameters = parameters_, .buffers = buffers_, .tap = &tap};
  return net_->forward(inputs, pass);
}

std::optional<std::size_t> Model::find_parameter(const std::string& name) const {
  const std::vector<ParameterInfo>& all = parameter_infos();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].name == name) return i;
  }
  return std::nullopt;
}

std::unique_ptr<LayerLinearisation> Model::linearise(const Tensor& inputs, PassMode mode) const {
  // Rules compute with detached values; a layer without rules turns recording on for itself.
  const at::NoGradGuard no_grad;
  ForwardPass pass{parameters_, buffers_, mode};
  return net_->linearise(inputs, pass);
}

void Model::require_flat(const Tensor& vector) const {
  // copy_ and add would broadcast a single number to every parameter.
  if (vector.dim() == 1 && vector.size(0) == dim()) return;
  throw Error(ErrorKind::kUsage,
              fmt::format("a vector of shape [{}] was expected for the parameters, found [{}]",
                          dim(), fmt::join(vector.sizes(), ", ")));
}

void Model::set_theta(const Tensor& value) {
  const at::NoGradGuard no_grad;
  require_flat(value);
  theta_.copy_(value);
}

void Model::add_to_theta(const Tensor& step, double factor) {
  const at::NoGradGuard no_grad;
  require_flat(step);
  const at::ScalarType wider = at::promote_types(dtype(), step.scalar_type());
  theta_.copy_(theta_.to(wider).add(step.to(wider), factor));
}

Tensors Model::split(const Tensor& flat) const {
  Tensors views;
  views.reserve(parameter_infos().size());
  for (const ParameterInfo& info : parameter_infos()) {
    views.push_back(flat.narrow(0, info.offset, info.size).view(info.shape));
  }
  return views;
}

Tensor Model::join(const Tensors& pieces) const {
  Tensors flat;
  flat.reserve(pieces.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    flat.push_back(pieces[i].defined() ? pieces[i].reshape({-1})
                                       : at::zeros({parameter_infos()[i].size}, theta_.options()));
  }
  return at::cat(flat);
}

}  // namespace oubli
