#include "core/train/objective.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <limits>

#include "core/base/error.h"

namespace oubli {
namespace {

void require_examples(const Subset& subset) {
  if (subset.empty()) {
    throw Error(ErrorKind::kUsage, "the objective of an empty set is not defined");
  }
}

Tensor weighted_sum(const Tensor& losses, const Batch& batch) {
  return batch.weights.defined() ? (losses * batch.weights).sum() : losses.sum();
}

// Labels as 1 and -1: [b, c].
Tensor signs_of(const Tensor& outputs, const Tensor& labels) {
  return at::full_like(outputs, -1).scatter(1, labels.to(at::kLong).unsqueeze(1), 1);
}

// log(1 + exp(-margin)). Of the margin, so that a sure and right answer keeps its digits. Beyond
// the threshold softplus is its argument; LibTorch's own threshold of 20 would be nine digits too
// early.
Tensor logistic(const Tensor& margin) {
  return at::softplus(margin.neg(), /*beta=*/1, /*threshold=*/80);
}

Tensor sigmoid_variance(const Tensor& outputs) {
  return outputs.sigmoid() * outputs.neg().sigmoid();
}

double squared_norm(const Model& model) {
  return model.theta().to(at::kDouble).square().sum().item<double>();
}

}  // namespace

Tensor Objective::losses(const Tensor& outputs, const Tensor& targets) const {
  if (loss == LossKind::kCrossEntropy) {
    // log_softmax and gather rather than nll_loss, whose derivative has no forward-mode formula.
    return outputs.log_softmax(1).gather(1, targets.unsqueeze(1)).squeeze(1).neg();
  }
  if (loss == LossKind::kBinaryLogistic) {
    return logistic(outputs.squeeze(1) * (2 * targets - 1));
  }
  if (loss == LossKind::kOneAgainstRest) {
    return logistic(outputs * signs_of(outputs, targets)).sum(1);
  }
  return (outputs - targets).square().sum(1).mul(0.5);
}

Tensor Objective::output_hessian_product(const Tensor& outputs, const Tensor& v) const {
  if (loss == LossKind::kSquaredError) return v;
  if (loss != LossKind::kCrossEntropy) return v * sigmoid_variance(outputs);
  // p_i sum_j p_j (v_i - v_j), with v measured from that of the largest p: where one class is
  // almost sure, the others' small terms are summed, and none is the difference of two large ones.
  const Tensor p = outputs.softmax(1);
  const Tensor d = v - v.gather(1, outputs.argmax(1, /*keepdim=*/true));
  return p * (d - (p * d).sum(1, /*keepdim=*/true));
}

Tensor Objective::output_gradients(const Tensor& outputs, const Tensor& targets) const {
  if (loss == LossKind::kSquaredError) return outputs - targets;
  if (loss == LossKind::kBinaryLogistic) {
    const Tensor sign = (1 - 2 * targets).unsqueeze(1);
    return sign * (sign * outputs).sigmoid();
  }
  if (loss == LossKind::kOneAgainstRest) {
    const Tensor sign = signs_of(outputs, targets);
    return (sign * outputs).neg().sigmoid() * sign.neg();
  }
  const Tensor gradients = outputs.softmax(1);
  const Tensor one = at::full({1}, -1, outputs.options());
  return gradients.scatter_add(1, targets.unsqueeze(1), one.expand({outputs.size(0), 1}));
}

Tensor Objective::draw_noise(std::int64_t n, std::int64_t outputs, Generator& generator) const {
  return loss == LossKind::kSquaredError
             ? generator.normal({n, outputs}, at::kDouble)
             : generator.uniform({n, loss == LossKind::kOneAgainstRest ? outputs : 1}, at::kDouble);
}

Tensor Objective::drawn_output_gradients(const Tensor& outputs, const Tensor& noise) const {
  if (loss == LossKind::kSquaredError) return noise.to(outputs.scalar_type()).neg();
  // By inversion, in float64: models of both types draw the same labels.
  if (loss == LossKind::kOneAgainstRest) {
    const Tensor drawn = noise.lt(outputs.to(at::kDouble).sigmoid()).to(outputs.scalar_type());
    return outputs.sigmoid() - drawn;
  }
  const Tensor scores = class_scores(outputs.to(at::kDouble));
  const Tensor labels = scores.softmax(1).cumsum(1).lt(noise).sum(1).clamp_max(scores.size(1) - 1);
  return output_gradients(outputs, labels);
}

Tensors Objective::output_hessian_factors(const Tensor& outputs) const {
  Tensors factors;
  if (loss == LossKind::kSquaredError) {
    for (std::int64_t k = 0; k < outputs.size(1); ++k) {
      Tensor unit = at::zeros_like(outputs);
      unit.select(1, k).fill_(1);
      factors.push_back(unit);
    }
    return factors;
  }
  if (loss == LossKind::kBinaryLogistic) {
    return {sigmoid_variance(outputs).sqrt()};
  }
  if (loss == LossKind::kOneAgainstRest) {
    const Tensor roots = sigmoid_variance(outputs).sqrt();
    for (std::int64_t k = 0; k < outputs.size(1); ++k) {
      Tensor factor = at::zeros_like(outputs);
      factor.select(1, k).copy_(roots.select(1, k));
      factors.push_back(factor);
    }
    return factors;
  }
  // diag(p) - p p' = sum_k p_k (e_k - p)(e_k - p)', 1 - p of the largest p being the others' sum.
  const Tensor p = outputs.softmax(1);
  const Tensor root = p.sqrt();
  const Tensor surest = outputs.argmax(1, /*keepdim=*/true);
  const Tensor others = (1 - p).scatter(1, surest, p.scatter(1, surest, 0).sum(1, true));
  for (std::int64_t k = 0; k < outputs.size(1); ++k) {
    Tensor factor = p * root.narrow(1, k, 1).neg();
    factor.select(1, k).copy_(root.select(1, k) * others.select(1, k));
    factors.push_back(factor);
  }
  return factors;
}

std::int64_t Objective::outputs_for(const Dataset& dataset) const {
  return loss == LossKind::kBinaryLogistic ? 1 : dataset.outputs;
}

Tensor Objective::class_scores(const Tensor& outputs) const {
  if (loss == LossKind::kOneAgainstRest) return at::log_sigmoid(outputs);
  if (loss != LossKind::kBinaryLogistic) return outputs;
  return at::cat({at::zeros_like(outputs), outputs}, 1);
}

Tensor without_label(const Tensor& scores, const Tensor& labels) {
  return scores.scatter(1, labels.unsqueeze(1), -std::numeric_limits<double>::infinity());
}

bool Objective::fits(const Dataset& dataset) const {
  if (loss == LossKind::kBinaryLogistic) return dataset.is_classification() && dataset.outputs == 2;
  return dataset.is_classification() == (loss != LossKind::kSquaredError);
}

bool ObjectiveValue::finite() const {
  return std::isfinite(objective) &&
         (!gradient.defined() || at::isfinite(gradient).all().item<bool>());
}

ObjectiveValue value_and_gradient(const Model& model, const Subset& subset,
                                  const Objective& objective, CostMeter& cost,
                                  std::int64_t batch_size) {
  require_examples(subset);
  const double total = subset.total_weight();
  ObjectiveValue value;
  value.gradient = at::zeros({model.dim()}, at::kDouble);
  for (std::int64_t begin = 0; begin < subset.size(); begin += batch_size) {
    const Batch batch = subset.batch(begin, batch_size, model.dtype());
    const Tensor losses = objective.losses(model.forward(batch.inputs), batch.targets);
    const Tensor sum = weighted_sum(losses.to(at::kDouble), batch);
    value.loss += sum.item<double>() / total;
    const auto pieces = torch::autograd::grad({sum}, model.parameters(), {}, std::nullopt, false,
                                              /*allow_unused=*/true);
    value.gradient.add_(model.join(pieces), 1.0 / total);
    cost.add_gradients(batch.inputs.size(0));
  }
  value.gradient.add_(model.theta(), objective.l2);
  value.objective = value.loss + 0.5 * objective.l2 * squared_norm(model);
  return value;
}

ObjectiveValue value_only(const Model& model, const Subset& subset, const Objective& objective,
                          CostMeter& cost, std::int64_t batch_size) {
  require_examples(subset);
  const at::NoGradGuard no_grad;
  const double total = subset.total_weight();
  ObjectiveValue value;
  for (std::int64_t begin = 0; begin < subset.size(); begin += batch_size) {
    const Batch batch = subset.batch(begin, batch_size, model.dtype());
    const Tensor losses = objective.losses(model.forward(batch.inputs), batch.targets);
    value.loss += weighted_sum(losses.to(at::kDouble), batch).item<double>() / total;
    cost.add_forwards(batch.inputs.size(0));
  }
  value.objective = value.loss + 0.5 * objective.l2 * squared_norm(model);
  return value;
}

Tensor predict(const Model& model, const Subset& subset, CostMeter& cost, std::int64_t batch_size) {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> outputs;
  for (std::int64_t begin = 0; begin < subset.size(); begin += batch_size) {
    const Batch batch = subset.batch(begin, batch_size, model.dtype());
    outputs.push_back(model.forward(batch.inputs));
    cost.add_forwards(batch.inputs.size(0));
  }
  return at::cat(outputs);
}

}  // namespace oubli
