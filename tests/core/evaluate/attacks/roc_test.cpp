#include "core/evaluate/attacks/roc.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/base/random.h"

namespace oubli {
namespace {

Tensor values(std::vector<double> list) { return at::tensor(list, at::kDouble); }

TEST(Roc, AucCountsPairsAndHalvesTies) {
  Generator generator(0);
  const Tensor a = generator.integers(0, 8, {40}).to(at::kDouble);
  const Tensor b = generator.integers(0, 8, {60}).to(at::kDouble);
  double wins = 0;
  for (int i = 0; i < 40; ++i) {
    for (int j = 0; j < 60; ++j) {
      const double x = a[i].item<double>(), y = b[j].item<double>();
      wins += x > y ? 1 : x == y ? 0.5 : 0;
    }
  }
  EXPECT_NEAR(auc(a, b), wins / 2400, 1e-14);
  EXPECT_NEAR(auc(a, b) + auc(b, a), 1, 1e-14);
  EXPECT_THROW(auc(a, at::empty({0})), Error);
}

TEST(Roc, TprTreatsTiedScoresAsABlock) {
  const Tensor positive = values({5, 4, 3, 3, 1});
  const Tensor negative = values({4, 3, 2, 2, 0});
  EXPECT_EQ(tpr_at_fpr(positive, negative, 0), 0.2);     // above 4
  EXPECT_EQ(tpr_at_fpr(positive, negative, 0.19), 0.2);  // not interpolated
  EXPECT_EQ(tpr_at_fpr(positive, negative, 0.2), 0.4);   // from 4 on; a 3 would pass both 3s
  EXPECT_EQ(tpr_at_fpr(positive, negative, 0.4), 0.8);
  EXPECT_EQ(tpr_at_fpr(positive, negative, 0.6), 0.8);  // the two 2s pass together
  EXPECT_EQ(tpr_at_fpr(positive, negative, 0.8), 1);
  EXPECT_EQ(tpr_at_fpr(positive, negative, 1), 1);
  EXPECT_EQ(tpr_at_fpr(values({1, 1}), values({1, 1}), 0.5), 0) << "all tied";
  EXPECT_THROW(tpr_at_fpr(positive, negative, 1.5), Error);
  // 0.29 * 100 is below 29 in floating point.
  const Tensor line = at::arange(100, at::kDouble);
  EXPECT_EQ(tpr_at_fpr(line + 0.5, line, 0.29), 0.3);
}

TEST(Roc, AdvantageIsTheLargestGap) {
  EXPECT_NEAR(membership_advantage(values({5, 4, 3, 3, 1}), values({4, 3, 2, 2, 0})), 0.4, 1e-15);
  EXPECT_EQ(membership_advantage(values({1, 2}), values({3, 4})), 0) << "one-sided";
  EXPECT_EQ(membership_advantage(values({3, 4}), values({1, 2})), 1);
  EXPECT_EQ(membership_advantage(values({1, 1}), values({1})), 0);
}

TEST(Roc, DeLongByHand) {
  // psi: 3 beats both, 1 beats 0 and ties 1: placements 1, 3/4 and 1, 3/4.
  const auto error = auc_standard_error(values({3, 1}), values({0, 1}));
  const double variance = 2 * 0.125 * 0.125;
  EXPECT_NEAR(error.value(), std::sqrt(variance / 2 + variance / 2), 1e-15);
  EXPECT_FALSE(auc_standard_error(values({3}), values({0, 1})).has_value());
  EXPECT_EQ(auc_standard_error(values({3, 2}), values({0, 1})).value(), 0);
}

TEST(Roc, InfinityRanksAndNanIsPassedOn) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(auc(values({infinity, 0}), values({-infinity, -1})), 1);
  const Tensor bad = values({1, std::nan("")});
  EXPECT_TRUE(std::isnan(auc(bad, values({0}))));
  EXPECT_TRUE(std::isnan(tpr_at_fpr(bad, values({0}), 0.1)));
  EXPECT_TRUE(std::isnan(membership_advantage(bad, values({0}))));
}

}  // namespace
}  // namespace oubli
