#include "core/nn/second_moments.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/base/random.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using testing::largest;

struct Shape {
  std::int64_t channels, height, width;
  KernelWindow window;
};

// Whole rows, stretches, and no overlap; strides that leave pixels over; padding.
const Shape kShapes[] = {
    {1, 7, 19, {3, 1, 1}}, {2, 6, 21, {3, 2, 0}}, {60, 5, 6, {3, 2, 1}}, {1, 12, 7, {3, 1, 1}},
    {2, 12, 9, {3, 2, 0}}, {3, 5, 6, {3, 1, 0}},  {2, 6, 7, {3, 2, 1}},  {2, 4, 4, {2, 2, 0}},
    {3, 5, 5, {1, 1, 0}},  {2, 7, 6, {5, 3, 2}},  {1, 30, 8, {5, 1, 2}}, {2, 30, 9, {5, 4, 1}},
    {2, 3, 3, {3, 1, 0}},  {1, 5, 4, {2, 3, 1}},
};

TEST(SecondMoments, OfPatchesAreThoseOfUnfoldedImages) {
  Generator generator(1);
  for (const auto& [channels, height, width, window] : kShapes) {
    const Tensor images = generator.normal({5, channels, height, width}, at::kDouble);
    const auto [k, s, p] = window;
    const Tensor rows = at::im2col(images, {k, k}, {1, 1}, {p, p}, {s, s})
                            .transpose(1, 2)
                            .reshape({-1, channels * k * k});
    const Tensor expected = rows.t().mm(rows);
    EXPECT_LT(largest(patch_moment(images, window) - expected), 1e-13 * largest(expected));
    EXPECT_LT(largest(patch_sum(images, window) - rows.sum(0)), 1e-13 * largest(expected));
    const Tensor innermost = images.contiguous(at::MemoryFormat::ChannelsLast);
    EXPECT_LT(largest(patch_moment(innermost, window) - expected), 1e-13 * largest(expected));
  }
}

TEST(SecondMoments, LargeBatchesAreCutWithoutATrace) {
  Generator generator(2);
  const Tensor images = generator.normal({3000, 1, 20, 30}, at::kDouble);  // two chunks
  const KernelWindow window{3, 1, 1};
  const Tensor parts = patch_moment(images.narrow(0, 0, 1234), window) +
                       patch_moment(images.narrow(0, 1234, 3000 - 1234), window);
  EXPECT_LT(largest(patch_moment(images, window) - parts), 1e-12 * largest(parts));
}

TEST(SecondMoments, OfRowsAreMadeFromLowerTriangles) {
  Generator generator(3);
  for (const std::int64_t n : {1, 7, 191, 400, 601}) {  // one block of columns, two, three
    const Tensor rows = generator.normal({11, n}, at::kDouble);
    const Tensor sum = at::ones({n, n}, at::kDouble);
    add_lower_moment(rows, sum);
    EXPECT_LT(largest(from_lower(sum) - rows.t().mm(rows) - 1), 1e-13 * static_cast<double>(n));
  }
}

}  // namespace
}  // namespace oubli
