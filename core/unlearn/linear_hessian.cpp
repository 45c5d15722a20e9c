#include "core/unlearn/linear_hessian.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <optional>
#include <utility>

namespace oubli {
namespace {

constexpr std::int64_t kBlock = 512;  // a few MiB of inputs, which stay in the cache

}  // namespace

bool is_separable(const Objective& objective) { return objective.loss != LossKind::kCrossEntropy; }

LinearHessian::LinearHessian(const LinearWeights& weights, Tensor w, Subset subset,
                             const Objective& objective)
    : weights_(weights),
      w_(std::move(w)),
      subset_(std::move(subset)),
      objective_(objective),
      ridge_(objective.l2 * static_cast<double>(subset_.size())) {}

LinearHessian::Block LinearHessian::block(std::int64_t begin) const {
  Block block{subset_.batch(begin, kBlock, at::kDouble).inputs, {}};
  const Tensor outputs = weights_.outputs(block.inputs, w_);
  block.curvatures = objective_.output_hessian_product(outputs, at::ones_like(outputs));
  return block;
}

// Blocks go to the threads; their sums are added in order, so that how many threads there are
// changes no bit.
LinearHessian::Image LinearHessian::image(const Tensor& step) const {
  const std::int64_t n = subset_.size(), blocks = (n + kBlock - 1) / kBlock;
  Image image{{}, at::empty({n, step.size(1)}, at::kDouble)};
  Tensor sums = at::empty({blocks, step.size(0), step.size(1)}, at::kDouble);
  at::parallel_for(0, blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    const at::NoGradGuard no_grad;
    for (std::int64_t i = begin; i < end; ++i) {
      const Block examples = block(i * kBlock);
      const Tensor along = weights_.outputs(examples.inputs, step);
      image.along.narrow(0, i * kBlock, along.size(0)).copy_(along);
      sums[i].copy_(weights_.pulled_back(examples.inputs, along * examples.curvatures));
    }
  });
  image.product = sums.sum(0).add_(step, ridge_);
  return image;
}

Tensor LinearHessian::apply(const Tensor& v) const {
  const std::int64_t outputs = w_.size(1), d = w_.size(0);
  const Tensor blocks = v.view({outputs, d, v.size(1)});
  Tensor result = ridge_ * v;
  Tensor sums = result.view({outputs, d, v.size(1)});
  for (std::int64_t begin = 0; begin < subset_.size(); begin += kBlock) {
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
  for (std::int64_t begin = 0; begin < subset_.size(); begin += kBlock) {
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
