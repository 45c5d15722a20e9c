#include "core/unlearn/preference_loss.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

namespace oubli {
namespace {

Tensor margins() { return at::linspace(-300, 300, 601, at::kDouble); }

TEST(PreferenceLoss, AtNoMarginIsTwiceLnTwoOverBeta) {
  for (const double beta : {0.1, 1.0, 4.5}) {
    const Tensor loss = preference_loss(at::zeros({1}, at::kDouble), beta);
    EXPECT_NEAR(loss.item<double>(), 2 * std::log(2.0) / beta, 1e-14);
  }
}

TEST(PreferenceLoss, IsAboveZeroAndFinite) {
  const Tensor loss = preference_loss(margins(), 4.5);
  EXPECT_TRUE(at::isfinite(loss).all().item<bool>());
  EXPECT_GE(loss.min().item<double>(), 0);
  // The margin itself, twice, where it is far below 0.
  EXPECT_NEAR(loss[0].item<double>(), 600, 1e-9);
}

TEST(PreferenceLoss, ItsSlopeIsMinusOneAtNoMarginAndFades) {
  const Tensor m = margins().requires_grad_();
  const double beta = 0.3;
  const Tensor slope = torch::autograd::grad({preference_loss(m, beta).sum()}, {m})[0];
  const Tensor expected = -2 / (1 + (beta * margins()).exp());
  EXPECT_LT((slope - expected).abs().max().item<double>(), 1e-14);
  EXPECT_NEAR(slope[300].item<double>(), -1, 1e-15);
  EXPECT_LT(slope[600].abs().item<double>(), 1e-30);
}

}  // namespace
}  // namespace oubli
