#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/base/random.h"
#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<PooledValue> leave_one_out(const Tensor& effect, const Tensor& positions,
                                       const Tensor& changes) {
  AttributionInput input;
  input.effects = {effect};
  input.left_out = {{positions, changes}};
  return builtin_metrics().find("leave_one_out").compute_attribution(input);
}

TEST(LeaveOneOut, OfRightEffectsHasSlopeOneAndNoError) {
  Generator draws(1);
  const Tensor effect = draws.normal({20, 3}, at::kDouble);
  const Tensor positions = at::tensor({2, 5, 7, 11, 13}, at::kLong);
  const Tensor changes = effect.index_select(0, positions);
  const auto right = leave_one_out(effect, positions, changes);
  ASSERT_EQ(right.size(), 3);
  EXPECT_NEAR(right[0].estimate.mean, 1, 1e-14);
  EXPECT_NEAR(right[1].estimate.mean, 1, 1e-14);
  EXPECT_NEAR(right[2].estimate.mean, 0, 1e-14);
  EXPECT_NEAR(right[0].estimate.half_width.value_or(0), 0, 1e-12);
  // Half of the change is missing.
  const auto half = leave_one_out(effect / 2, positions, changes);
  EXPECT_NEAR(half[0].estimate.mean, 1, 1e-14);
  EXPECT_NEAR(half[1].estimate.mean, 2, 1e-14);
  EXPECT_NEAR(half[2].estimate.mean, 0.5, 1e-14);
}

TEST(LeaveOneOut, OfEffectsThatDoNotVaryIsZero) {
  const Tensor changes = at::tensor({1.0, 2.0, 3.0}, at::kDouble).unsqueeze(1);
  const auto flat = leave_one_out(at::zeros({3, 1}, at::kDouble), at::arange(3), changes);
  EXPECT_EQ(flat[0].estimate.mean, 0);
  EXPECT_EQ(flat[2].estimate.mean, 1) << "an error as large as what is missed";
}

TEST(LeaveOneOut, NeedsThreeExamples) {
  const Tensor two = at::ones({2, 1}, at::kDouble);
  EXPECT_TRUE(leave_one_out(two, at::arange(2), two).empty());
}

}  // namespace
}  // namespace oubli
