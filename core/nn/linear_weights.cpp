#include "core/nn/linear_weights.h"

#include <ATen/ATen.h>

namespace oubli {

std::optional<LinearWeights> LinearWeights::of(const Model& model) {
  LinearWeights weights;
  for (const ParameterInfo& info : model.parameter_infos()) {
    const ParameterInfo*& place = info.is_weight() ? weights.weight : weights.bias;
    if (place != nullptr || info.shape.size() > 2) return std::nullopt;
    place = &info;
  }
  if (weights.weight == nullptr) return std::nullopt;
  return weights;
}

Tensor LinearWeights::matrix(const Tensor& flat) const {
  const Tensor all = flat.to(at::kDouble);
  const Tensor w =
      all.narrow(0, weight->offset, weight->size).view({weight->shape[0], weight->shape[1]}).t();
  if (bias == nullptr) return w;
  return at::cat({w, all.narrow(0, bias->offset, bias->size).unsqueeze(0)});
}

Tensor LinearWeights::flat(const Tensor& matrix) const {
  const std::int64_t inputs = weight->shape[1];
  Tensor all = at::empty({weight->size + (bias == nullptr ? 0 : bias->size)}, matrix.options());
  all.narrow(0, weight->offset, weight->size).copy_(matrix.narrow(0, 0, inputs).t().reshape({-1}));
  if (bias != nullptr) all.narrow(0, bias->offset, bias->size).copy_(matrix[inputs]);
  return all;
}

Tensor LinearWeights::inputs(const Tensor& batch) const {
  const Tensor x = batch.flatten(1).to(at::kDouble);
  return bias == nullptr ? x : at::cat({x, at::ones({x.size(0), 1}, at::kDouble)}, 1);
}

Tensor LinearWeights::outputs(const Tensor& batch, const Tensor& matrix) const {
  const Tensor x = batch.flatten(1);
  if (bias == nullptr) return x.matmul(matrix);
  return at::addmm(matrix.narrow(0, x.size(1), 1), x, matrix.narrow(0, 0, x.size(1)));
}

Tensor LinearWeights::pulled_back(const Tensor& batch, const Tensor& residuals) const {
  const Tensor of_weight = batch.flatten(1).t().matmul(residuals);
  return bias == nullptr ? of_weight : at::cat({of_weight, residuals.sum(0, /*keepdim=*/true)});
}

}  // namespace oubli
