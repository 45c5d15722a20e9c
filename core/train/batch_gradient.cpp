#include "core/train/batch_gradient.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <optional>

namespace oubli {
namespace {

bool counts(const LossTerm::Part& part) { return part.weight != 0 && part.batch.size() > 0; }

// Each example's, weighted.
Tensor losses_of(const LossTerm::Part& part, const Objective& objective, const Tensor& outputs) {
  const Batch& batch = part.batch;
  const Tensor losses = part.loss ? part.loss(outputs) : objective.losses(outputs, batch.targets);
  return batch.weights.defined() ? losses * batch.weights : losses;
}

// The gradient of each example's own loss in its outputs.
Tensor output_gradients(const OutputLoss& loss, const Tensor& outputs) {
  const at::AutoGradMode on(true);
  const Tensor leaf = outputs.detach().requires_grad_();
  return torch::autograd::grad({loss(leaf).sum()}, {leaf})[0];
}

}  // namespace

BatchGradient::BatchGradient(const Model& model, const Objective& objective, Way way, PassMode mode)
    : model_(model),
      objective_(objective),
      way_(way),
      mode_(mode),
      gradient_(at::empty_like(model.theta())),
      pieces_(model.split(gradient_)) {}

Tensor& BatchGradient::at(const LossTerm& term, Generator& dropout, double* value) {
  if (value != nullptr) *value = 0;
  if (way_ == Way::kRules) {
    gradient_.zero_();
    for (const LossTerm::Part& part : term.parts()) {
      if (counts(part)) add_by_rules(part, value);
    }
  } else {
    automatically(term, dropout, value);
  }
  return gradient_;
}

void BatchGradient::add_by_rules(const LossTerm::Part& part, double* value) {
  const at::NoGradGuard no_grad;
  const Batch& batch = part.batch;
  const auto net = model_.linearise(batch.inputs, mode_);
  if (value != nullptr) {
    *value += part.weight * losses_of(part, objective_, net->output()).mean().item<double>();
  }
  Tensor g = part.loss ? output_gradients(part.loss, net->output())
                       : objective_.output_gradients(net->output(), batch.targets);
  g.mul_(part.weight / static_cast<double>(batch.size()));
  if (batch.weights.defined()) g.mul_(by_example(batch.weights, g));
  net->adjoint(g, {.sums = &pieces_, .input = false});
}

void BatchGradient::automatically(const LossTerm& term, Generator& dropout, double* value) {
  Tensor sum;
  for (const LossTerm::Part& part : term.parts()) {
    if (!counts(part)) continue;
    const Tensor outputs = model_.forward(part.batch.inputs, mode_, &dropout);
    Tensor mean = losses_of(part, objective_, outputs).mean();
    if (part.weight != 1) mean = part.weight * mean;
    sum = sum.defined() ? sum + mean : mean;
  }
  if (sum.defined()) {
    if (value != nullptr) *value = sum.item<double>();
    // A network may hold parameters that its outputs do not depend on.
    gradient_.copy_(model_.join(torch::autograd::grad({sum}, model_.parameters(), {}, std::nullopt,
                                                      false, /*allow_unused=*/true)));
  } else {
    gradient_.zero_();
  }
}

}  // namespace oubli
