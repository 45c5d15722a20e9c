#include "core/unlearn/accuracy.h"

#include <ATen/ATen.h>

namespace oubli {

double accuracy(const Model& model, const Subset& subset, const Objective& objective,
                CostMeter& cost) {
  if (subset.empty()) return 0;
  const Tensor scores = objective.class_scores(predict(model, subset, cost));
  const Tensor labels = subset.dataset->targets.index_select(0, subset.rows);
  return scores.argmax(1).eq(labels).to(at::kDouble).mean().item<double>();
}

}  // namespace oubli
