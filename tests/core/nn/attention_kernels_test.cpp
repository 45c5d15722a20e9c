#include "core/nn/attention_kernels.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>

#include "core/base/random.h"

namespace oubli {
namespace {

// The same by LibTorch's batched products.
Attended attended_by_products(const Tensor& x, std::int64_t heads) {
  const std::int64_t e = x.size(2) / 3 / heads, t = x.size(1);
  const Tensor parts = x.view({x.size(0), t, 3, heads, e}).permute({2, 0, 3, 1, 4});
  const Tensor scores = at::matmul(parts[0], parts[1].transpose(2, 3)) / std::sqrt(double(e));
  const Tensor later = at::ones({t, t}, at::kBool).triu(1);
  const Tensor p = scores.masked_fill(later, -std::numeric_limits<double>::infinity()).softmax(-1);
  return {p, at::matmul(p, parts[2]).transpose(1, 2).flatten(2)};
}

TEST(AttentionKernels, AreTheBatchedProducts) {
  Generator generator(0);
  for (const std::int64_t e : {1, 3, 8, 16, 20}) {
    for (const std::int64_t heads : {1, 4}) {
      const Tensor x = generator.normal({5, 7, 3 * heads * e}, at::kDouble);
      const Attended ours = attend(x, heads), theirs = attended_by_products(x, heads);
      EXPECT_LT((ours.weights - theirs.weights).abs().max().item<double>(), 1e-14);
      EXPECT_LT((ours.output - theirs.output).abs().max().item<double>(), 1e-13);
      const Attended narrow = attend(x.to(at::kFloat), heads);
      EXPECT_LT((narrow.output - theirs.output).abs().max().item<double>(), 1e-5);
    }
  }
}

TEST(AttentionKernels, TheAdjointIsThatOfAutomaticDifferentiation) {
  Generator generator(1);
  const Tensor x = generator.normal({4, 6, 24}, at::kDouble).requires_grad_();
  const Tensor g = generator.normal({4, 6, 8}, at::kDouble);
  const Tensor expected = torch::autograd::grad({attended_by_products(x, 2).output}, {x}, {g})[0];
  const Tensor plain = x.detach();
  const Tensor found = attend_adjoint(plain, attend(plain, 2).weights, g);
  EXPECT_LT((found - expected).abs().max().item<double>(), 1e-13);
}

TEST(AttentionKernels, DoNotDependOnTheNumberOfExamplesAtOnce) {
  Generator generator(2);
  const Tensor x = generator.normal({64, 9, 48}, at::kFloat);
  const Tensor whole = attend(x, 4).output;
  EXPECT_TRUE(attend(x.narrow(0, 10, 3).contiguous(), 4).output.equal(whole.narrow(0, 10, 3)));
}

}  // namespace
}  // namespace oubli
