#include "core/unlearn/convex_constants.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/nn/linear_weights.h"

namespace oubli {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

// A set's inputs and targets, and what is measured of them.
struct Examples {
  Tensor inputs;   // [n, d]
  Tensor lengths;  // [n]
  Tensor targets;
  std::int64_t outputs;

  double largest_eigenvalue(CostMeter& cost) const {
    const std::int64_t n = inputs.size(0), d = inputs.size(1);
    cost.add_products(static_cast<double>(std::min(n, d)) / static_cast<double>(outputs), n);
    const Tensor moment = n < d ? inputs.matmul(inputs.t()) : inputs.t().matmul(inputs);
    return at::linalg_eigvalsh(moment).max().item<double>() / static_cast<double>(n);
  }

  double longest_gradient(LossKind loss, double radius) const {
    const double longest = lengths.max().item<double>();
    if (loss == LossKind::kBinaryLogistic) return longest;
    if (loss == LossKind::kCrossEntropy) return std::sqrt(2.0) * longest;
    if (loss == LossKind::kOneAgainstRest) {
      return std::sqrt(static_cast<double>(outputs)) * longest;
    }
    if (std::isinf(radius)) return kUnbounded;
    const Tensor residuals = radius * lengths + targets.to(at::kDouble).norm(2, {1});
    return (residuals * lengths).max().item<double>();
  }

  // Of the parameters zero.
  double largest_loss(const Objective& objective) const {
    const Tensor zeros = at::zeros({inputs.size(0), outputs}, at::kDouble);
    return objective.losses(zeros, targets).max().item<double>();
  }
};

std::string why_unknown(const Model& model, const Subset& subset) {
  if (subset.empty()) return "there are examples to take constants from";
  if (subset.weights.defined()) return "examples have no weights";
  if (is_linear(model, subset)) return "";
  return "the model is linear in its parameters and inputs: of others, such as networks, neither "
         "convexity nor the bounds of derivatives are known";
}

ConvexConstants measured_constants(const Examples& examples, const Objective& objective,
                                   std::optional<double> radius, CostMeter& cost) {
  ConvexConstants found;
  found.strong_convexity = objective.l2;
  found.longest_input = examples.lengths.max().item<double>();
  found.smoothness =
      largest_second_derivative(objective.loss) * examples.largest_eigenvalue(cost) + objective.l2;
  found.radius_of_minima = objective.l2 > 0
                               ? std::sqrt(2 * examples.largest_loss(objective) / objective.l2)
                               : kUnbounded;
  found.lipschitz =
      examples.longest_gradient(objective.loss, radius.value_or(found.radius_of_minima));
  found.hessian_lipschitz =
      largest_third_derivative(objective.loss) * std::pow(found.longest_input, 3);
  return found;
}

KnownConstants known_constants(const Model& model, const Subset& subset, const Objective& objective,
                               std::optional<double> radius, CostMeter& cost) {
  KnownConstants known;
  known.unknown = why_unknown(model, subset);
  if (!known.unknown.empty()) return known;
  const LinearWeights weights = *LinearWeights::of(model);
  const Batch batch = subset.batch(0, subset.size(), at::kDouble);
  const Tensor inputs = weights.inputs(batch.inputs);
  const Examples examples{inputs, inputs.norm(2, {1}), batch.targets, weights.weight->shape[0]};
  known.constants = measured_constants(examples, objective, radius, cost);
  return known;
}

}  // namespace

double largest_second_derivative(LossKind loss) {
  if (loss == LossKind::kSquaredError) return 1;
  return loss == LossKind::kCrossEntropy ? 0.5 : 0.25;
}

double largest_third_derivative(LossKind loss) {
  if (loss == LossKind::kSquaredError) return 0;
  const double of_logistic = 1 / (6 * std::sqrt(3.0));
  return loss == LossKind::kCrossEntropy ? 2 * std::sqrt(2.0) * of_logistic : of_logistic;
}

KnownConstants convex_constants(const Model& model, const Subset& subset,
                                const Objective& objective, double radius, CostMeter& cost) {
  return known_constants(model, subset, objective, radius, cost);
}

KnownConstants convex_constants(const Model& model, const Subset& subset,
                                const Objective& objective, CostMeter& cost) {
  return known_constants(model, subset, objective, std::nullopt, cost);
}

bool is_linear(const Model& model, const Subset& subset) {
  const std::optional<LinearWeights> weights = LinearWeights::of(model);
  if (!weights || !model.buffers().empty()) return false;
  Model other = model.clone();
  Generator draw(0);
  other.set_theta(draw.normal({model.dim()}, at::kDouble));
  const at::NoGradGuard no_grad;
  const Batch batch = subset.batch(0, std::min<std::int64_t>(16, subset.size()), model.dtype());
  if (batch.inputs.flatten(1).size(1) != weights->weight->shape[1]) return false;
  const Tensor outputs = other.forward(batch.inputs).to(at::kDouble);
  const Tensor expected = weights->inputs(batch.inputs).matmul(weights->matrix(other.theta()));
  const double scale = expected.abs().max().item<double>();
  return outputs.sizes() == expected.sizes() &&
         (outputs - expected).abs().max().item<double>() <= 1e-4 * scale;
}

}  // namespace oubli
