#include "core/evaluate/attacks/lira.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/numbers.h"

namespace oubli {
namespace {

using testing::values;

TEST(Lira, FewModelsShareTheirVarianceAndManyHaveTheirOwn) {
  // In: example 0 has 1, 3 (variance 2), example 1 has 0, 4 (variance 8). Out: 5 and 7 for both.
  const Tensor phi = values({1, 0, 3, 4, 5, 5, 7, 7}).reshape({4, 2});
  const Tensor member = at::tensor({1, 1, 1, 1, 0, 0, 0, 0}).reshape({4, 2}).gt(0);
  const LiraFit few = fit_lira(phi, member);
  EXPECT_TRUE(few.in_mean.equal(values({2, 2})));
  EXPECT_TRUE(few.in_variance.equal(values({5, 5})));
  EXPECT_TRUE(few.out_variance.equal(values({2, 2})));
  const LiraFit many = fit_lira(phi.repeat({32, 1}), member.repeat({32, 1}));
  EXPECT_NEAR(many.in_variance[0].item<double>(), 64.0 / 63, 1e-13);
  EXPECT_NEAR(many.in_variance[1].item<double>(), 256.0 / 63, 1e-13);
}

TEST(Lira, EqualModelsLeaveAFloorOfVariance) {
  const LiraFit fit =
      fit_lira(at::ones({4, 1}, at::kDouble), at::tensor({1, 1, 0, 0}).reshape({4, 1}).gt(0));
  EXPECT_EQ(fit.in_variance.item<double>(), 1e-12);
}

TEST(Lira, ExamplesWithoutASideHaveNoScore) {
  const Tensor phi = values({1, 1, 2, 3, 4, 6}).reshape({3, 2});
  const Tensor member = at::tensor({1, 1, 1, 1, 0, 1}).reshape({3, 2}).gt(0);
  // The out side has a single entry: a mean for example 0 alone, and no variance.
  const Tensor scores = lira_online_scores(fit_lira(phi, member), at::ones({2}, at::kDouble));
  EXPECT_TRUE(scores.isnan().all().item<bool>());
}

TEST(Lira, ScoresByHand) {
  const LiraFit fit{values({1}), values({4}), values({0}), values({1})};
  // -(2 - 1)^2 / 8 - ln 2 + 2^2 / 2
  EXPECT_NEAR(lira_online_scores(fit, values({2})).item<double>(), 1.875 - std::log(2.0), 1e-14);
}

}  // namespace
}  // namespace oubli
