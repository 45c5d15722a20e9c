#include "core/curvature/fisher_diagonal.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "core/base/error.h"
#include "core/curvature/example_gradients.h"

namespace oubli {
namespace {

// Rows begin .. begin + count of one draw for a whole set: block by block, so that no row depends
// on how the set is cut into batches.
Tensor noise_rows(const Objective& objective, std::int64_t begin, std::int64_t count,
                  const Tensor& outputs, std::int64_t draw, const Generator& generator) {
  Tensors pieces;
  for (std::int64_t block = begin / kEvaluationBatch; block * kEvaluationBatch < begin + count;
       ++block) {
    Generator stream = generator.stream(fmt::format("fisher {} {}", block, draw));
    const Tensor rows = objective.draw_noise(kEvaluationBatch, outputs, stream);
    const std::int64_t first = std::max<std::int64_t>(begin - block * kEvaluationBatch, 0);
    const std::int64_t end = std::min(begin + count - block * kEvaluationBatch, kEvaluationBatch);
    pieces.push_back(rows.slice(0, first, end));
  }
  return at::cat(pieces);
}

Tensors unweighted_gradients(FisherTargets targets, const Objective& objective,
                             const Tensor& outputs, const Batch& batch, std::int64_t begin,
                             std::int64_t draws, const Generator& generator) {
  if (targets == FisherTargets::kExpected)
    return objective.output_hessian_factors(outputs, batch.targets);
  if (targets == FisherTargets::kEmpirical) {
    return {objective.output_gradients(outputs, batch.targets)};
  }
  Tensors gradients;
  const double share = 1.0 / std::sqrt(static_cast<double>(draws));
  for (std::int64_t i = 0; i < draws; ++i) {
    const Tensor noise = noise_rows(objective, begin, outputs.size(0), outputs, i, generator);
    gradients.push_back(objective.drawn_output_gradients(outputs, batch.targets, noise).mul(share));
  }
  return gradients;
}

void note_missing_rules(const Model& model, LayerLinearisation& net, FisherDiagonal& result) {
  net.visit([&](ParameterLinearisation& leaf) {
    if (leaf.has_rule()) return;
    for (const std::size_t number : leaf.parameters()) {
      result.without_rules.push_back(model.parameter_infos()[number].name);
    }
  });
}

}  // namespace

std::int64_t fisher_gradients(FisherTargets targets, const Objective& objective,
                              const Dataset& dataset, std::int64_t draws) {
  if (targets == FisherTargets::kEmpirical) return 1;
  if (targets == FisherTargets::kDrawn) return draws;
  return objective.hessian_factors_for(dataset);
}

Tensors fisher_output_gradients(FisherTargets targets, const Objective& objective,
                                const Tensor& outputs, const Batch& batch, std::int64_t begin,
                                std::int64_t draws, const Generator& generator) {
  if (draws < 1) throw Error(ErrorKind::kUsage, "an expectation by draws needs at least one");
  Tensors gradients =
      unweighted_gradients(targets, objective, outputs, batch, begin, draws, generator);
  if (!batch.weights.defined()) return gradients;
  for (Tensor& g : gradients) g = g * by_example(batch.weights.sqrt(), g);
  return gradients;
}

FisherDiagonal fisher_diagonal(FisherTargets targets, const Model& model, const Subset& subset,
                               const Objective& objective, CostMeter& cost,
                               const FisherDiagonalOptions& options) {
  if (subset.empty()) throw Error(ErrorKind::kUsage, "the Fisher of an empty set is not defined");
  FisherDiagonal result;
  result.values = at::zeros({model.dim()}, at::kDouble);
  Tensor sum = at::empty({model.dim()}, model.theta().options());
  const std::int64_t each = fisher_gradients(targets, objective, *subset.dataset, options.draws);
  const std::int64_t batch_size =
      options.batch_size > 0 ? options.batch_size : examples_at_a_time(model, subset, each);
  for (std::int64_t begin = 0; begin < subset.size(); begin += batch_size) {
    const Batch batch = subset.batch(begin, batch_size, model.dtype());
    const auto net = model.linearise(batch.inputs);
    if (begin == 0) note_missing_rules(model, *net, result);
    const at::NoGradGuard no_grad;
    const Tensors gradients = fisher_output_gradients(
        targets, objective, net->output(), batch, begin, options.draws, Generator(options.seed));
    for (const Tensor& g : gradients) {
      net->adjoint(g, {.sums = nullptr, .input = false, .keep = true});
    }
    sum.zero_();
    Tensors sums = model.split(sum);
    add_squared_gradients(*net, sums);
    result.values.add_(sum);
    cost.add_products(1 + 2 * static_cast<double>(gradients.size()), batch.inputs.size(0));
  }
  result.values.div_(subset.total_weight());
  return result;
}

Tensor batch_mean_squared(const Model& model, const Subset& subset, const Objective& objective,
                          CostMeter& cost, std::int64_t batch_size) {
  if (subset.empty())
    throw Error(ErrorKind::kUsage, "the importance of an empty set is not defined");
  const Objective loss{objective.loss, 0};
  Tensor total = at::zeros({model.dim()}, at::kDouble);
  std::int64_t batches = 0;
  for (std::int64_t begin = 0; begin < subset.size(); begin += batch_size, ++batches) {
    const std::int64_t count = std::min(batch_size, subset.size() - begin);
    Subset batch = subset.with_rows(subset.rows.narrow(0, begin, count));
    if (subset.weights.defined()) batch.weights = subset.weights.narrow(0, begin, count);
    total.add_(value_and_gradient(model, batch, loss, cost, batch_size).gradient.square_());
  }
  return total.div_(static_cast<double>(batches));
}

}  // namespace oubli
