#include "core/nn/max_pool_kernels.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"

namespace oubli {
namespace {

struct PoolCase {
  std::int64_t examples, channels, down, across, size;
  at::ScalarType type;
};

class MaxPoolKernels : public ::testing::TestWithParam<PoolCase> {
 protected:
  // Few distinct values, so that many windows hold their largest more than once.
  Tensor picture(std::uint64_t seed, std::int64_t down, std::int64_t across) const {
    const PoolCase& c = GetParam();
    return Generator(seed)
        .integers(0, 4, {c.examples, c.channels, down, across})
        .to(c.type)
        .contiguous(at::MemoryFormat::ChannelsLast);
  }
};

TEST_P(MaxPoolKernels, AgreeWithLibTorchTiesIncluded) {
  const PoolCase& c = GetParam();
  const std::vector<std::int64_t> window = {c.size, c.size};
  const Tensor x = picture(1, c.down, c.across);
  ASSERT_TRUE(has_max_pool_kernel(x, c.size));
  const MaxPooled pooled = max_pool(x, c.size);
  const auto [output, indices] = at::max_pool2d_with_indices(x, window, window);
  EXPECT_TRUE(pooled.output.equal(output));
  const Tensor g = picture(2, c.down / c.size, c.across / c.size);
  EXPECT_TRUE(
      put_places(g, pooled.place, c.size)
          .equal(at::max_pool2d_with_indices_backward(g, x, window, window, 0, 1, false, indices)));
  const Tensor dx = picture(3, c.down, c.across);
  const Tensor taken = dx.flatten(2).gather(2, indices.flatten(2)).view_as(output);
  EXPECT_TRUE(take_places(dx, pooled.place, c.size).equal(taken));
  // Another layout of what comes in changes nothing.
  EXPECT_TRUE(take_places(dx.contiguous(), pooled.place, c.size).equal(taken));
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, MaxPoolKernels,
    ::testing::Values(PoolCase{3, 6, 8, 12, 2, at::kFloat}, PoolCase{2, 16, 10, 10, 2, at::kFloat},
                      PoolCase{5, 1, 4, 6, 2, at::kFloat}, PoolCase{1, 13, 9, 3, 3, at::kFloat},
                      PoolCase{2, 6, 8, 8, 2, at::kDouble}, PoolCase{1, 5, 2, 2, 2, at::kDouble},
                      PoolCase{300, 7, 4, 4, 4, at::kFloat}));

TEST(MaxPoolKernels, PassOnWhatIsNotANumber) {
  Tensor x = at::zeros({1, 9, 2, 2}).contiguous(at::MemoryFormat::ChannelsLast);
  x.index_put_({at::tensor(0), at::tensor(4), at::tensor(0), at::tensor(1)},
               at::tensor(std::nanf("")));
  const Tensor output = max_pool(x, 2).output;
  EXPECT_TRUE(output.flatten()[4].isnan().item<bool>());
  EXPECT_EQ(output.isnan().sum().item<int>(), 1);
}

TEST(MaxPoolKernels, LeaveOtherLayoutsAndRemaindersToLibTorch) {
  const Tensor x = at::zeros({2, 3, 4, 4}).contiguous(at::MemoryFormat::ChannelsLast);
  EXPECT_TRUE(has_max_pool_kernel(x, 2));
  EXPECT_FALSE(has_max_pool_kernel(x, 3));
  EXPECT_FALSE(has_max_pool_kernel(x.contiguous(), 2));
  EXPECT_FALSE(has_max_pool_kernel(x.to(at::kInt), 2));
}

}  // namespace
}  // namespace oubli
