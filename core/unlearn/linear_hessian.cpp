#include "core/unlearn/linear_hessian.h"

#include <ATen/ATen.h>

#include <optional>
#include <utility>

#include "core/unlearn/example_blocks.h"

namespace oubli {

bool is_separable(const Objective& objective) { return objective.loss != LossKind::kCrossEntropy; }

LinearHessian::LinearHessian(const LinearWeights& weights, Tensor w, Subset subset,
                             const Objective& objective)
    : weights_(weights),
      w_(std::move(w)),
      subset_(std::move(subset)),
      objective_(objective),
      ridge_(objective.l2 * static_cast<double>(subset_.size())) {}

Tensor LinearHessian::curvatures_of(const Tensor& inputs) const {
  const Tensor outputs = weights_.outputs(inputs, w_);
  return objective_.output_hessian_product(outputs, {}, at::ones_like(outputs));
}

LinearHessian::Block LinearHessian::block(std::int64_t begin) const {
  Block block{subset_.batch(begin, kExamplesOfBlock, at::kDouble).inputs, {}};
  block.curvatures = curvatures_of(block.inputs);
  return block;
}

LinearHessian::Image LinearHessian::image(const Tensor& step) const {
  Image image{{}, at::empty({subset_.size(), step.size(1)}, at::kDouble)};
  image.product =
      sum_over_blocks(subset_, step.sizes(), [&](const Batch& batch, std::int64_t begin) {
        const Tensor along = weights_.outputs(batch.inputs, step);
        image.along.narrow(0, begin, along.size(0)).copy_(along);
        return weights_.pulled_back(batch.inputs, along * curvatures_of(batch.inputs));
      }).add_(step, ridge_);
  return image;
}

Tensor LinearHessian::apply(const Tensor& v) const {
  const std::int64_t outputs = w_.size(1), d = w_.size(0);
  const Tensor blocks = v.view({outputs, d, v.size(1)});
  Tensor result = ridge_ * v;
  Tensor sums = result.view({outputs, d, v.size(1)});
  for (std::int64_t begin = 0; begin < subset_.size(); begin += kExamplesOfBlock) {
    const auto [x, curvatures] = block(begin);
    for (std::int64_t k = 0; k < outputs; ++k) {
      const Tensor along = weights_.outputs(x, blocks[k]).mul_(curvatures.narrow(1, k, 1));
      sums[k].add_(weights_.pulled_back(x, along));
    }
  }
  return result;
}

Tensor LinearHessian::blocks() const {
  const std::int64_t outputs = w_.size(1), d = w_.size(0);
  Tensor hessians = at::zeros({outputs, d, d}, at::kDouble);
  for (std::int64_t begin = 0; begin < subset_.size(); begin += kExamplesOfBlock) {
    const auto [inputs, curvatures] = block(begin);
    const Tensor x = weights_.inputs(inputs);
    for (std::int64_t k = 0; k < outputs; ++k) {
      hessians[k].addmm_(x.t(), x * curvatures.narrow(1, k, 1));
    }
  }
  hessians.diagonal(0, 1, 2).add_(ridge_);
  return hessians;
}

Tensor inverse_of_blocks(const Tensor& blocks) {
  return at::cholesky_inverse(at::linalg_cholesky(blocks));
}

Tensor BlockOperator::apply(const Tensor& v) const {
  const Tensor blocks = v.view({blocks_.size(0), blocks_.size(1), v.size(1)});
  return at::bmm(blocks_, blocks).view_as(v).mul_(factor_);
}

}  // namespace oubli
