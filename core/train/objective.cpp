#include "core/train/objective.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

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

double squared_norm(const Model& model) {
  return model.theta().to(at::kDouble).square().sum().item<double>();
}

}  // namespace

Tensor Objective::losses(const Tensor& outputs, const Tensor& targets) const {
  if (loss == Loss::kCrossEntropy) {
    // log_softmax and gather rather than nll_loss, whose derivative has no forward-mode formula.
    return outputs.log_softmax(1).gather(1, targets.unsqueeze(1)).squeeze(1).neg();
  }
  return (outputs - targets).square().sum(1).mul(0.5);
}

Tensor Objective::output_hessian_product(const Tensor& outputs, const Tensor& v) const {
  if (loss == Loss::kSquaredError) return v;
  const Tensor p = outputs.softmax(1);
  const Tensor scaled = p * v;
  return scaled - p * scaled.sum(1, /*keepdim=*/true);
}

bool Objective::fits(const Dataset& dataset) const {
  return dataset.is_classification() == (loss == Loss::kCrossEntropy);
}

bool Value::finite() const {
  return std::isfinite(objective) &&
         (!gradient.defined() || at::isfinite(gradient).all().item<bool>());
}

Value value_and_gradient(const Model& model, const Subset& subset, const Objective& objective,
                         CostMeter& cost, std::int64_t batch_size) {
  require_examples(subset);
  const double total = subset.total_weight();
  Value value;
  value.gradient = at::zeros({model.dim()}, at::kDouble);
  for (std::int64_t begin = 0; begin < subset.size(); begin += batch_size) {
    const Batch batch = subset.batch(begin, batch_size, model.dtype());
    const Tensor sum =
        weighted_sum(objective.losses(model.forward(batch.inputs), batch.targets), batch);
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

Value value_only(const Model& model, const Subset& subset, const Objective& objective,
                 CostMeter& cost, std::int64_t batch_size) {
  require_examples(subset);
  const at::NoGradGuard no_grad;
  const double total = subset.total_weight();
  Value value;
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
