#include "core/unlearn/example_blocks.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <vector>

namespace oubli {

Tensor sum_over_blocks(const Subset& subset, at::IntArrayRef shape,
                       const std::function<Tensor(const Batch& batch, std::int64_t begin)>& part) {
  const std::int64_t blocks = (subset.size() + kExamplesOfBlock - 1) / kExamplesOfBlock;
  std::vector<std::int64_t> sizes = shape.vec();
  sizes.insert(sizes.begin(), blocks);
  const Tensor parts = at::empty(sizes, at::kDouble);
  at::parallel_for(0, blocks, 1, [&](std::int64_t first, std::int64_t last) {
    const at::NoGradGuard no_grad;
    for (std::int64_t i = first; i < last; ++i) {
      const std::int64_t begin = i * kExamplesOfBlock;
      parts[i].copy_(part(subset.batch(begin, kExamplesOfBlock, at::kDouble), begin));
    }
  });
  return parts.sum(0);
}

}  // namespace oubli
