#include "core/curvature/curvature.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/base/error.h"

namespace oubli {
namespace {

using torch::autograd::grad;
using Tensors = std::vector<Tensor>;

// Sum over one batch of the second derivatives of the loss, applied to each column of `v`.
Tensor hessian_products(const Model& model, const Batch& batch, const Objective& objective,
                        const Tensor& v) {
  Tensor losses = objective.losses(model.forward(batch.inputs), batch.targets);
  if (batch.weights.defined()) losses = losses * batch.weights;
  const Tensors gradient =
      grad({losses.sum()}, model.parameters(), {}, true, /*create_graph=*/true);
  Tensors columns;
  for (std::int64_t k = 0; k < v.size(1); ++k) {
    const Tensors direction = model.split(v.select(1, k).contiguous().to(model.dtype()));
    columns.push_back(model.join(grad(gradient, model.parameters(), direction,
                                      /*retain_graph=*/k + 1 < v.size(1), false,
                                      /*allow_unused=*/true)));
  }
  return at::stack(columns, 1);
}

Tensor ggn_products(const Model& model, const Batch& batch, const Objective& objective,
                    const Tensor& v) {
  const Tensor outputs = model.forward(batch.inputs);
  // J'w is linear in w; differentiating it in w gives J v (the double-backward form of a
  // forward-mode product, which works for every layer that can be differentiated twice).
  const Tensor w = at::zeros_like(outputs).requires_grad_();
  const Tensors transposed = grad({outputs}, model.parameters(), {w}, true, /*create_graph=*/true);
  Tensors columns;
  for (std::int64_t k = 0; k < v.size(1); ++k) {
    const Tensors direction = model.split(v.select(1, k).contiguous().to(model.dtype()));
    const Tensor jv = grad(transposed, {w}, direction, true)[0];
    Tensor ajv = objective.output_hessian_product(outputs.detach(), jv);
    if (batch.weights.defined()) ajv = ajv * batch.weights.unsqueeze(1);
    columns.push_back(model.join(grad({outputs}, model.parameters(), {ajv}, true, false,
                                      /*allow_unused=*/true)));
  }
  return at::stack(columns, 1);
}

}  // namespace

CurvatureKind curvature_kind(const std::string& name) {
  if (name == "hessian") return CurvatureKind::kHessian;
  if (name == "ggn") return CurvatureKind::kGgn;
  throw Error(ErrorKind::kUsage, unknown_name_message("curvature", name, {"hessian", "ggn"}));
}

CurvatureOperator::CurvatureOperator(CurvatureKind kind, const Model& model, const Subset& subset,
                                     const Objective& objective, CostMeter& cost,
                                     std::int64_t batch_size)
    : kind_(kind),
      model_(model),
      subset_(subset),
      objective_(objective),
      cost_(cost),
      batch_size_(batch_size) {
  if (subset.empty())
    throw Error(ErrorKind::kUsage, "the curvature of an empty set is not defined");
}

std::int64_t CurvatureOperator::dim() const { return model_.dim(); }

Tensor CurvatureOperator::apply(const Tensor& v) const {
  const double total = subset_.total_weight();
  Tensor result = v * objective_.l2;
  for (std::int64_t begin = 0; begin < subset_.size(); begin += batch_size_) {
    const Batch batch = subset_.batch(begin, batch_size_, model_.dtype());
    const Tensor sum = kind_ == CurvatureKind::kHessian
                           ? hessian_products(model_, batch, objective_, v)
                           : ggn_products(model_, batch, objective_, v);
    result.add_(sum, 1.0 / total);
    cost_.add_curvature_products(batch.inputs.size(0) * v.size(1));
  }
  if (!at::isfinite(result).all().item<bool>()) {
    throw Error(ErrorKind::kNumerics,
                "a curvature product is not finite: the model's loss or parameters overflow");
  }
  return result;
}

double estimate_trace(const LinearOperator& matrix, std::int64_t probes, Generator& generator) {
  const Tensor z = generator.rademacher({matrix.dim(), probes}, at::kDouble);
  return (z * matrix.apply(z)).sum().item<double>() / static_cast<double>(probes);
}

}  // namespace oubli
