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

bool is_of_sequences(const Tensor& outputs) { return outputs.dim() == 3; }

// 1 / k at each position [b, t] where something is asked, 0 elsewhere.
Tensor shares(const Tensor& targets, const Tensor& outputs) {
  const Tensor asked = targets.ge(0).to(outputs.scalar_type());
  return asked / asked.sum(1, /*keepdim=*/true).clamp_min(1);
}

// p_i sum_j p_j (v_i - v_j), with v measured from that of the largest p: where one class is almost
// sure, the others' small terms are summed, and none is the difference of two large ones.
Tensor softmax_hessian_product(const Tensor& outputs, const Tensor& v) {
  const Tensor p = outputs.softmax(-1);
  const Tensor d = v - v.gather(-1, outputs.argmax(-1, /*keepdim=*/true));
  return p * (d - (p * d).sum(-1, /*keepdim=*/true));
}

// softmax minus one-hot, over the last dimension.
Tensor softmax_gradients(const Tensor& outputs, const Tensor& labels) {
  const Tensor at_labels = labels.unsqueeze(-1);
  const Tensor one = at::full({1}, -1, outputs.options());
  return outputs.softmax(-1).scatter_add(-1, at_labels, one.expand(at_labels.sizes()));
}

// diag(p) - p p' = sum_k p_k (e_k - p)(e_k - p)', 1 - p of the largest p being the others' sum.
Tensors softmax_hessian_factors(const Tensor& outputs) {
  const Tensor p = outputs.softmax(-1);
  const Tensor root = p.sqrt();
  const Tensor surest = outputs.argmax(-1, /*keepdim=*/true);
  const Tensor others = (1 - p).scatter(-1, surest, p.scatter(-1, surest, 0).sum(-1, true));
  Tensors factors;
  for (std::int64_t k = 0; k < outputs.size(-1); ++k) {
    Tensor factor = p * root.narrow(-1, k, 1).neg();
    factor.select(-1, k).copy_(root.select(-1, k) * others.select(-1, k));
    factors.push_back(factor);
  }
  return factors;
}

// Labels that uniform numbers draw from the softmax of scores [..., c], one for each: by inversion,
// in float64, so that models of both types draw the same.
Tensor drawn_labels(const Tensor& scores, const Tensor& uniform) {
  return scores.softmax(-1).cumsum(-1).lt(uniform).sum(-1).clamp_max(scores.size(-1) - 1);
}

double squared_norm(const Model& model) {
  return model.theta().to(at::kDouble).square().sum().item<double>();
}

}  // namespace

Tensor Objective::losses(const Tensor& outputs, const Tensor& targets) const {
  if (is_of_sequences(outputs)) {
    const Tensor labels = targets.clamp_min(0).unsqueeze(2);
    return -(outputs.log_softmax(2).gather(2, labels).squeeze(2) * shares(targets, outputs)).sum(1);
  }
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

Tensor Objective::output_hessian_product(const Tensor& outputs, const Tensor& targets,
                                         const Tensor& v) const {
  if (is_of_sequences(outputs)) {
    return softmax_hessian_product(outputs, v) * shares(targets, outputs).unsqueeze(2);
  }
  if (loss == LossKind::kSquaredError) return v;
  if (loss != LossKind::kCrossEntropy) return v * sigmoid_variance(outputs);
  return softmax_hessian_product(outputs, v);
}

Tensor Objective::output_gradients(const Tensor& outputs, const Tensor& targets) const {
  if (is_of_sequences(outputs)) {
    return softmax_gradients(outputs, targets.clamp_min(0))
        .mul_(shares(targets, outputs).unsqueeze(2));
  }
  if (loss == LossKind::kSquaredError) return outputs - targets;
  if (loss == LossKind::kBinaryLogistic) {
    const Tensor sign = (1 - 2 * targets).unsqueeze(1);
    return sign * (sign * outputs).sigmoid();
  }
  if (loss == LossKind::kOneAgainstRest) {
    const Tensor sign = signs_of(outputs, targets);
    return (sign * outputs).neg().sigmoid() * sign.neg();
  }
  return softmax_gradients(outputs, targets);
}

Tensor Objective::draw_noise(std::int64_t n, const Tensor& outputs, Generator& generator) const {
  if (loss == LossKind::kSquaredError) return generator.normal({n, outputs.size(1)}, at::kDouble);
  const bool is_by_output = loss == LossKind::kOneAgainstRest || is_of_sequences(outputs);
  return generator.uniform({n, is_by_output ? outputs.size(1) : 1}, at::kDouble);
}

Tensor Objective::drawn_output_gradients(const Tensor& outputs, const Tensor& targets,
                                         const Tensor& noise) const {
  if (is_of_sequences(outputs)) {
    const Tensor labels = drawn_labels(outputs.to(at::kDouble), noise.unsqueeze(2));
    return softmax_gradients(outputs, labels).mul_(shares(targets, outputs).sqrt().unsqueeze(2));
  }
  if (loss == LossKind::kSquaredError) return noise.to(outputs.scalar_type()).neg();
  if (loss == LossKind::kOneAgainstRest) {
    const Tensor drawn = noise.lt(outputs.to(at::kDouble).sigmoid()).to(outputs.scalar_type());
    return outputs.sigmoid() - drawn;
  }
  const Tensor scores = class_scores(outputs.to(at::kDouble));
  return output_gradients(outputs, drawn_labels(scores, noise));
}

Tensors Objective::output_hessian_factors(const Tensor& outputs, const Tensor& targets) const {
  Tensors factors;
  if (is_of_sequences(outputs)) {
    const Tensor roots = shares(targets, outputs).sqrt();
    for (const Tensor& factor : softmax_hessian_factors(outputs)) {
      for (std::int64_t t = 0; t < outputs.size(1); ++t) {
        Tensor at_one = at::zeros_like(outputs);
        at_one.select(1, t).copy_(factor.select(1, t) * roots.narrow(1, t, 1));
        factors.push_back(at_one);
      }
    }
    return factors;
  }
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
  return softmax_hessian_factors(outputs);
}

std::int64_t Objective::hessian_factors_for(const Dataset& dataset) const {
  if (loss == LossKind::kBinaryLogistic) return 1;
  return dataset.is_sequence() ? dataset.outputs * dataset.sequences.positions() : dataset.outputs;
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
  if (dataset.is_sequence()) return loss == LossKind::kCrossEntropy;
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
    outputs.push_back(subset.dataset->at_answers(model.forward(batch.inputs), batch.rows));
    cost.add_forwards(batch.inputs.size(0));
  }
  return at::cat(outputs);
}

}  // namespace oubli
