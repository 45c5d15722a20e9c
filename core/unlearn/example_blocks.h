// Sums over a subset's examples that read the data once, a block at a time, blocks side by side.
#pragma once

#include <cstdint>
#include <functional>

#include "core/data/dataset.h"

namespace oubli {

constexpr std::int64_t kExamplesOfBlock = 512;  // a few MiB of inputs, which stay in the cache

// sum over blocks of part(batch, begin), begin the place of the batch's first example and batch
// float64. Blocks go to the threads; their parts, of this shape, are added in order, so that how
// many threads there are changes no bit.
Tensor sum_over_blocks(const Subset& subset, at::IntArrayRef shape,
                       const std::function<Tensor(const Batch& batch, std::int64_t begin)>& part);

}  // namespace oubli
