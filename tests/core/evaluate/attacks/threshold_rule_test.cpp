#include "core/evaluate/attacks/threshold_rule.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"

namespace oubli {
namespace {

ClassScores side(const std::vector<double>& scores, const std::vector<std::int64_t>& classes) {
  return {at::tensor(scores, at::kDouble), at::tensor(classes, at::kLong)};
}

TEST(ThresholdRule, FitsEachClassAndFallsBackToAll) {
  // Class 0: members above 5. Class 1: members above 0. Class 2 has no members.
  const ClassScores members = side({6, 7, 1, 2}, {0, 0, 1, 1});
  const ClassScores others = side({4, 5, -1, -2, 3}, {0, 0, 1, 1, 2});
  const ThresholdRule rule = fit_threshold_rule(members, others, 4);
  EXPECT_EQ(rule.thresholds[0].item<double>(), 6);
  EXPECT_EQ(rule.thresholds[1].item<double>(), 1);
  // All together, TPR + TNR: 6 gives 0.5 + 1, 1 gives 1 + 0.4.
  EXPECT_EQ(rule.thresholds[2].item<double>(), 6);
  EXPECT_EQ(rule.thresholds[3].item<double>(), 6);
  EXPECT_EQ(rule.balanced_accuracy(members, others), 1);
  // Sides of unequal size count equally: (1/2 + 3/4) / 2.
  EXPECT_EQ(rule.balanced_accuracy(side({6, 0}, {0, 1}), side({0, 5, 6, 0}, {0, 0, 0, 1})), 0.625);
}

TEST(ThresholdRule, TiesAndEmptySides) {
  const ThresholdRule rule = fit_threshold_rule(side({1, 1}, {0, 0}), side({1, 1}, {0, 0}), 1);
  EXPECT_EQ(rule.thresholds[0].item<double>(), 1);
  EXPECT_EQ(rule.balanced_accuracy(side({1}, {0}), side({1}, {0})), 0.5);
  EXPECT_THROW(fit_threshold_rule(side({}, {}), side({1}, {0}), 1), Error);
  EXPECT_THROW(rule.balanced_accuracy(side({1}, {0}), side({}, {})), Error);
  EXPECT_THROW(fit_threshold_rule(side({std::nan("")}, {0}), side({1}, {0}), 1), Error);
}

}  // namespace
}  // namespace oubli
