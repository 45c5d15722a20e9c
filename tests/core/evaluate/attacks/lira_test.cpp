#include "core/evaluate/attacks/lira.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace oubli {
namespace {

TEST(Lira, FewModelsShareTheirVariance) {
  // Example 0: 1, 3 (variance 2); example 1: 0, 4 (variance 8). Masked entries do not matter.
  const Tensor phi =
      at::tensor({1.0, 0.0, 3.0, 4.0, std::nan(""), 1e9}, at::kDouble).reshape({3, 2});
  const Tensor mask = at::tensor({1, 1, 1, 1, 0, 0}).reshape({3, 2}).gt(0);
  const GaussianFit fit = fit_gaussians(phi, mask);
  EXPECT_TRUE(fit.mean.equal(at::tensor({2.0, 2.0}, at::kDouble)));
  EXPECT_TRUE(fit.variance.equal(at::tensor({5.0, 5.0}, at::kDouble)));
}

TEST(Lira, ManyModelsHaveTheirOwnVarianceWithAFloor) {
  Tensor phi = at::zeros({64, 2}, at::kDouble);
  phi.select(1, 0).slice(0, 0, 32).fill_(2);
  const GaussianFit fit = fit_gaussians(phi, at::ones({64, 2}, at::kBool));
  EXPECT_NEAR(fit.variance[0].item<double>(), 64.0 / 63, 1e-14);
  EXPECT_EQ(fit.variance[1].item<double>(), 1e-12);
}

TEST(Lira, ExamplesWithoutASideHaveNoScore) {
  const Tensor phi = at::tensor({1.0, 1.0, 2.0, 3.0, 4.0, 6.0}, at::kDouble).reshape({3, 2});
  const Tensor member = at::tensor({1, 1, 1, 1, 0, 1}).reshape({3, 2}).gt(0);
  // The out side has a single entry: a mean for example 0 alone, and no variance.
  const LiraFit fit = fit_lira(phi, member);
  const Tensor observed = at::ones({2}, at::kDouble);
  EXPECT_EQ(fit.out.mean[0].item<double>(), 4);
  EXPECT_TRUE(lira_online_scores(fit, observed).isnan().all().item<bool>());
  EXPECT_TRUE(lira_offline_scores(fit.out, observed).isnan().all().item<bool>());
}

TEST(Lira, ScoresByHand) {
  const auto values = [](std::vector<double> list) { return at::tensor(list, at::kDouble); };
  const LiraFit fit{{values({1}), values({4})}, {values({0}), values({1})}};
  // -(2 - 1)^2 / 8 - ln 2 + 2^2 / 2
  EXPECT_NEAR(lira_online_scores(fit, values({2})).item<double>(), 1.875 - std::log(2.0), 1e-14);
  EXPECT_NEAR(lira_offline_scores(fit.out, values({0})).item<double>(), std::log(2.0), 1e-14);
  // Still ordered where Phi rounds to 1.
  const double far = lira_offline_scores(fit.out, values({20})).item<double>();
  EXPECT_LT(far, lira_offline_scores(fit.out, values({21})).item<double>());
}

}  // namespace
}  // namespace oubli
