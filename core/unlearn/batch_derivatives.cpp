#include "core/unlearn/batch_derivatives.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/base/error.h"
#include "core/curvature/example_gradients.h"

namespace oubli {

BatchDerivatives::BatchDerivatives(const Model& model, const Objective& objective,
                                   const Batch& batch, CostMeter& cost)
    : model_(model), objective_(objective), cost_(cost) {
  if (batch.size() == 0) throw Error(ErrorKind::kUsage, "an empty batch has no derivatives");
  net_ = model.linearise(batch.inputs);
  const at::NoGradGuard no_grad;
  outputs_ = net_->output();
  targets_ = batch.targets;
  const Tensor sum = at::zeros_like(model.theta());
  Tensors sums = model.split(sum);
  net_->adjoint(objective.output_gradients(outputs_, batch.targets),
                {.sums = &sums, .input = false, .keep = true});
  gradient_ = sum.to(at::kDouble) / static_cast<double>(batch.size());
  cost.add_gradients(batch.size());
}

Tensor BatchDerivatives::example_gradients() const {
  const at::NoGradGuard no_grad;
  return oubli::example_gradients(model_, *net_, 0, size()).to(at::kDouble);
}

Tensor BatchDerivatives::hessian_times(const Tensor& v) const {
  const at::NoGradGuard no_grad;
  const Tensors direction = model_.split(v.to(model_.dtype()));
  const Tensor sum = at::zeros_like(model_.theta());
  Tensors sums = model_.split(sum);
  const Tensor moved = net_->tangent({}, direction, /*keep=*/true);
  net_->adjoint_tangent(objective_.output_hessian_product(outputs_, targets_, moved), direction,
                        sums,
                        /*input=*/false);
  cost_.add_products(6, size());
  return sum.to(at::kDouble) / static_cast<double>(size());
}

}  // namespace oubli
