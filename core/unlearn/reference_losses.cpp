#include "core/unlearn/reference_losses.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/train/objective.h"

namespace oubli {

ReferenceLosses::ReferenceLosses(const Model& original, const Subset& set, AskedTokens asked,
                                 Context& context)
    : by_row_(at::zeros({set.dataset->size()}, original.theta().options())) {
  const at::NoGradGuard no_grad;
  for (std::int64_t begin = 0; begin < set.size(); begin += kEvaluationBatch) {
    const Batch batch = set.batch(begin, kEvaluationBatch, original.dtype());
    const Tensor outputs = original.forward(batch.inputs);
    by_row_.index_copy_(0, batch.rows, sequence_losses(outputs, asked, *set.dataset, batch));
  }
  context.cost.add_forwards(set.size());
}

}  // namespace oubli
