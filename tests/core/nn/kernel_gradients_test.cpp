#include "core/nn/kernel_gradients.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

namespace oubli {
namespace {

struct KernelCase {
  std::int64_t in, out, side, examples;
  KernelWindow window;
  std::int64_t groups = 1;
};

// Strips and outputs of fewer, as many and more entries than a tile holds.
const KernelCase kCases[] = {
    {1, 6, 9, 3, {5, 1, 2}},    {6, 16, 7, 4, {5, 1, 0}}, {3, 5, 8, 3, {3, 2, 1}},
    {7, 33, 6, 2, {3, 1, 1}},   {4, 8, 6, 3, {1, 1, 0}},  {6, 4, 7, 3, {3, 2, 1}, 2},
    {4, 4, 6, 2, {2, 3, 0}, 4},
};

// LibTorch's own backward pass of one example at a time.
Tensor one_by_one(const KernelCase& c, const Tensor& x, const Tensor& g) {
  const Tensor weight =
      at::zeros({c.out, c.in / c.groups, c.window.kernel, c.window.kernel}, x.options());
  Tensors each;
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    each.push_back(std::get<1>(at::convolution_backward(
        g.narrow(0, i, 1), x.narrow(0, i, 1), weight, at::IntArrayRef{c.out},
        {c.window.stride, c.window.stride}, {c.window.padding, c.window.padding}, {1, 1}, false,
        {0, 0}, c.groups, {false, true, false})));
  }
  return at::stack(each);
}

class KernelGradients : public ::testing::TestWithParam<KernelCase> {
 protected:
  void SetUp() override { at::manual_seed(3); }
  Tensor inputs(at::ScalarType type) const {
    const KernelCase& c = GetParam();
    return at::randn({c.examples, c.in, c.side, c.side}, type);
  }
  Tensor gradients(at::ScalarType type) const {
    const KernelCase& c = GetParam();
    const std::int64_t places =
        (c.side + 2 * c.window.padding - c.window.kernel) / c.window.stride + 1;
    return at::randn({c.examples, c.out, places, places}, type);
  }
};

double distance(const Tensor& a, const Tensor& b) {
  return (a - b).abs().max().item<double>() / b.abs().max().item<double>();
}

TEST_P(KernelGradients, AreThoseOfOneExampleAtATime) {
  for (const auto type : {at::kDouble, at::kFloat}) {
    const Tensor x = inputs(type), g = gradients(type);
    const Tensor expected = one_by_one(GetParam(), x, g);
    const double tolerance = type == at::kDouble ? 1e-13 : 1e-5;
    for (const auto layout : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
      const Tensor found = kernel_gradients(x.contiguous(layout), g.contiguous(layout),
                                            GetParam().window, GetParam().groups);
      ASSERT_EQ(found.sizes(), expected.sizes());
      EXPECT_LT(distance(found, expected), tolerance);
    }
  }
}

TEST_P(KernelGradients, SquaresAreSummedOverExamplesAndGradients) {
  const Tensor x = inputs(at::kDouble), g = gradients(at::kDouble), h = gradients(at::kDouble);
  const Tensor expected =
      (one_by_one(GetParam(), x, g).square() + one_by_one(GetParam(), x, h).square()).sum(0);
  const Tensor sums = at::ones_like(expected);
  add_squared_kernel_gradients(x, {g, h}, GetParam().window, GetParam().groups, sums);
  EXPECT_LT(distance(sums - 1, expected), 1e-13);
}

INSTANTIATE_TEST_SUITE_P(Shapes, KernelGradients, ::testing::ValuesIn(kCases));

TEST(KernelGradient, RepeatToTheBitOnSeveralThreads) {
  const int threads = at::get_num_threads();
  at::set_num_threads(3);
  const Tensor x = at::randn({50, 2, 8, 8}), g = at::randn({50, 4, 6, 6});
  const Tensor first = at::zeros({4, 2, 3, 3});
  add_squared_kernel_gradients(x, {g}, {3, 1, 0}, 1, first);
  for (int i = 0; i < 20; ++i) {
    const Tensor again = at::zeros_like(first);
    add_squared_kernel_gradients(x, {g}, {3, 1, 0}, 1, again);
    ASSERT_TRUE(at::equal(first, again));
  }
  at::set_num_threads(threads);
}

TEST(KernelGradient, NoExamplesAddNothing) {
  const Tensor sums = at::ones({4, 2, 3, 3});
  add_squared_kernel_gradients(at::empty({0, 2, 8, 8}), {at::empty({0, 4, 6, 6})}, {3, 1, 0}, 1,
                               sums);
  EXPECT_TRUE(at::equal(sums, at::ones_like(sums)));
}

}  // namespace
}  // namespace oubli
