#include "core/unlearn/example_blocks.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"

namespace oubli {
namespace {

TEST(ExampleBlocks, EveryExampleIsSeenOnceInItsPlace) {
  constexpr std::int64_t kTwoBlocksAndSome = 2 * kExamplesOfBlock + 76;
  const Subset all = testing::all_of(testing::make_dataset(kTwoBlocksAndSome, 5, 3));
  const Tensor inputs = all.batch(0, kTwoBlocksAndSome, at::kDouble).inputs;
  const Tensor placed = at::zeros_like(inputs);
  const Tensor sum = sum_over_blocks(all, {5}, [&](const Batch& batch, std::int64_t begin) {
    placed.narrow(0, begin, batch.size()).add_(batch.inputs);
    return batch.inputs.sum(0);
  });
  EXPECT_TRUE(at::equal(placed, inputs));
  EXPECT_TRUE(at::allclose(sum, inputs.sum(0), 1e-12));
}

TEST(ExampleBlocks, NoExamplesAddUpToZero) {
  const Subset all = testing::all_of(testing::make_dataset(10, 5, 3));
  const auto part = [](const Batch& batch, std::int64_t) { return batch.inputs.sum(0); };
  const Tensor sum = sum_over_blocks(all.with_rows(at::empty({0}, at::kLong)), {5}, part);
  EXPECT_TRUE(at::equal(sum, at::zeros({5}, at::kDouble)));
}

}  // namespace
}  // namespace oubli
