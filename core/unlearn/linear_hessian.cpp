#include "core/unlearn/linear_hessian.h"

#include <ATen/ATen.h>

#include <optional>

namespace oubli {

bool is_separable(const Objective& objective) { return objective.loss != LossKind::kCrossEntropy; }

void record_for_newton(const Model& model, const Subset& trained, const Objective& objective,
                       MethodState& record) {
  constexpr std::int64_t kLargestInverse = (16 << 20) / 8;
  const std::optional<LinearWeights> weights = LinearWeights::of(model);
  if (!weights || !is_separable(objective) || objective.l2 == 0) return;
  CostMeter apart;  // what is written down is no part of training
  const Tensor w = weights->matrix(model.theta());
  const LinearHessian hessian(*weights, w, trained, objective, apart);
  const Tensor& x = hessian.inputs();
  const Tensor largest = at::linalg_eigvalsh(x.t().matmul(x)).max().clamp_min(0).sqrt();
  record.values[kLargestSingular] = largest.item<double>();
  if (w.size(1) * w.size(0) * w.size(0) > kLargestInverse) return;
  record.tensors.emplace_back(kInverseHessian, hessian.inverse());
}

LinearHessian::LinearHessian(const LinearWeights& weights, const Tensor& w, const Subset& subset,
                             const Objective& objective, CostMeter& cost)
    : x_(weights.inputs(subset.batch(0, subset.size(), at::kDouble).inputs)),
      ridge_(objective.l2 * static_cast<double>(subset.size())) {
  const Tensor outputs = x_.matmul(w);
  curvatures_ = objective.output_hessian_product(outputs, at::ones_like(outputs));
  cost.add_forwards(subset.size());
}

Tensor LinearHessian::apply(const Tensor& v) const {
  const std::int64_t outputs = curvatures_.size(1), d = x_.size(1);
  const Tensor blocks = v.view({outputs, d, v.size(1)});
  Tensor result = ridge_ * v;
  Tensor sums = result.view({outputs, d, v.size(1)});
  for (std::int64_t k = 0; k < outputs; ++k) {
    const Tensor along = x_.matmul(blocks[k]).mul_(curvatures_.narrow(1, k, 1));
    sums[k].addmm_(x_.t(), along);
  }
  return result;
}

Tensor LinearHessian::inverse() const {
  const std::int64_t outputs = curvatures_.size(1), d = x_.size(1);
  Tensor hessians = at::zeros({outputs, d, d}, at::kDouble);
  for (std::int64_t k = 0; k < outputs; ++k) {
    hessians[k].addmm_(x_.t(), x_ * curvatures_.narrow(1, k, 1));
  }
  hessians.diagonal(0, 1, 2).add_(ridge_);
  return at::cholesky_inverse(at::linalg_cholesky(hessians));
}

Tensor BlockOperator::apply(const Tensor& v) const {
  return at::bmm(blocks_, v.view({blocks_.size(0), blocks_.size(1), v.size(1)})).view_as(v);
}

}  // namespace oubli
