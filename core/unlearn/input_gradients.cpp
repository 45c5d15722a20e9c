#include "core/unlearn/input_gradients.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace oubli {

InputGradients input_gradients(const Model& model, const Objective& objective, const Tensor& inputs,
                               const Tensor& targets, CostMeter& cost) {
  const at::NoGradGuard no_grad;
  const auto net = model.linearise(inputs);
  const Tensor g = objective.output_gradients(net->output(), targets);
  cost.add_products(2, inputs.size(0));
  return {net->output(), net->adjoint(g, {.sums = nullptr, .input = true})};
}

Tensor InputRange::width() const { return low.defined() ? high - low : at::ones({}); }

Tensor InputRange::clamp(const Tensor& inputs) const {
  return low.defined() ? inputs.clamp(low, high) : inputs;
}

InputRange input_range(const Subset& subset, at::ScalarType dtype) {
  InputRange range;
  if (!subset.dataset->is_image()) return range;
  for (std::int64_t begin = 0; begin < subset.size(); begin += kEvaluationBatch) {
    const std::int64_t count = std::min(kEvaluationBatch, subset.size() - begin);
    const Tensor images = subset.batch(begin, count, dtype).inputs;
    const Tensor low = images.amin({0, 2, 3}, /*keepdim=*/true);
    const Tensor high = images.amax({0, 2, 3}, /*keepdim=*/true);
    range.low = range.low.defined() ? at::minimum(range.low, low) : low;
    range.high = range.high.defined() ? at::maximum(range.high, high) : high;
  }
  return range;
}

}  // namespace oubli
