#include "core/unlearn/saliency.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace oubli {

Tensor gradient_saliency(const Model& model, const Subset& subset, const Objective& objective,
                         std::int64_t batch_size, CostMeter& cost) {
  const Objective loss{objective.loss, 0};
  Tensor sum = at::zeros({model.dim()}, at::kDouble);
  for (std::int64_t begin = 0; begin < subset.size(); begin += batch_size) {
    const std::int64_t count = std::min(batch_size, subset.size() - begin);
    const Subset batch = subset.with_rows(subset.rows.narrow(0, begin, count));
    sum.add_(value_and_gradient(model, batch, loss, cost).gradient);
  }
  return sum.abs();
}

Tensor largest(const Tensor& values, double share) {
  const auto count = static_cast<std::int64_t>(share * static_cast<double>(values.numel()));
  const Tensor order = values.argsort(/*stable=*/true, /*dim=*/0, /*descending=*/true);
  Tensor chosen = at::zeros(values.sizes(), at::kBool);
  chosen.index_fill_(0, order.narrow(0, 0, count), true);
  return chosen;
}

}  // namespace oubli
