#include "core/train/batch_gradient.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

namespace oubli {

BatchGradient::BatchGradient(const Model& model, const Objective& objective, Way way)
    : model_(model),
      objective_(objective),
      way_(way),
      gradient_(at::empty_like(model.theta())),
      pieces_(model.split(gradient_)) {}

const Tensor& BatchGradient::at(const Batch& batch, Generator& dropout) {
  if (way_ == Way::kRules) {
    by_rules(batch);
  } else {
    automatically(batch, dropout);
  }
  if (objective_.l2 > 0) {
    const at::NoGradGuard no_grad;
    gradient_.add_(model_.theta(), objective_.l2);
  }
  return gradient_;
}

void BatchGradient::by_rules(const Batch& batch) {
  const at::NoGradGuard no_grad;
  const auto net = model_.linearise(batch.inputs, PassMode::kTraining);
  Tensor g = objective_.output_gradients(net->output(), batch.targets);
  g.mul_(1.0 / static_cast<double>(batch.inputs.size(0)));
  if (batch.weights.defined()) g.mul_(batch.weights.unsqueeze(1));
  gradient_.zero_();
  net->adjoint(g, {.sums = &pieces_, .input = false});
}

void BatchGradient::automatically(const Batch& batch, Generator& dropout) {
  const Tensor outputs = model_.forward(batch.inputs, PassMode::kTraining, &dropout);
  Tensor losses = objective_.losses(outputs, batch.targets);
  if (batch.weights.defined()) losses = losses * batch.weights;
  gradient_.copy_(model_.join(torch::autograd::grad({losses.mean()}, model_.parameters())));
}

}  // namespace oubli
