#include "core/unlearn/linear_objective.h"

#include <ATen/ATen.h>

#include <cmath>

namespace oubli {

LinearObjective::LinearObjective(const LinearWeights& weights, const Subset& subset,
                                 const Objective& objective)
    : objective_(objective) {
  const Batch batch = subset.batch(0, subset.size(), at::kDouble);
  inputs_ = weights.inputs(batch.inputs);
  lengths_ = inputs_.norm(2, {1}, /*keepdim=*/true);
  targets_ = batch.targets;
}

Tensor LinearObjective::gradient(const Tensor& w, CostMeter& cost, double clip) const {
  Tensor residuals = objective_.output_gradients(inputs_.matmul(w), targets_);
  if (std::isfinite(clip)) {
    const Tensor norms = lengths_ * residuals.norm(2, {1}, /*keepdim=*/true);
    residuals = residuals * (clip / norms).clamp_max(1);  // of a gradient of 0: infinity, so 1
  }
  cost.add_gradients(size());
  return at::addmm(w, inputs_.t(), residuals, objective_.l2, 1 / static_cast<double>(size()));
}

}  // namespace oubli
