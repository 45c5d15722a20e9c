#include "core/unlearn/edit_gradient.h"

#include <ATen/ATen.h>

namespace oubli {

Tensor edit_gradient(const Model& model, const Task& task, const Objective& objective, double n,
                     CostMeter& cost) {
  Tensor sum = at::zeros({model.dim()}, at::kDouble);
  const auto add = [&](const Subset& subset, double sign) {
    if (subset.empty()) return;
    // Subsets may carry weights, so sizes are sums of weights.
    const ObjectiveValue value = value_and_gradient(model, subset, objective, cost);
    sum.add_(value.gradient, sign * subset.total_weight() / n);
  };
  add(task.forget, 1);
  add(task.added, -1);
  return sum;
}

}  // namespace oubli
