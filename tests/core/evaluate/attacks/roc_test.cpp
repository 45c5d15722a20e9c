#include "core/evaluate/attacks/roc.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/random.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using testing::values;

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
  const Tensor members = values({5, 4, 3, 3, 1}), others = values({4, 3, 2, 2, 0});
  EXPECT_EQ(tpr_at_fpr(members, others, 0), 0.2);     // above 4
  EXPECT_EQ(tpr_at_fpr(members, others, 0.19), 0.2);  // not interpolated
  EXPECT_EQ(tpr_at_fpr(members, others, 0.2), 0.4);   // from 4 on; a 3 would pass both 3s
  EXPECT_EQ(tpr_at_fpr(members, others, 0.4), 0.8);
  EXPECT_EQ(tpr_at_fpr(members, others, 0.6), 0.8);  // the two 2s pass together
  EXPECT_EQ(tpr_at_fpr(members, others, 0.8), 1);
  EXPECT_EQ(tpr_at_fpr(members, others, 1), 1);
  EXPECT_EQ(tpr_at_fpr(values({1, 1}), values({1, 1}), 0.5), 0) << "all tied";
  // 0.29 * 100 is below 29 in floating point.
  const Tensor line = at::arange(100, at::kDouble);
  EXPECT_EQ(tpr_at_fpr(line + 0.5, line, 0.29), 0.3);
  EXPECT_THROW(tpr_at_fpr(members, values({}), 0.1), Error);
}

TEST(Roc, DeLongByHand) {
  // 3 beats both, 1 beats 0 and ties 1: shares 1, 3/4 of the members and 0, 1/4 below the others.
  const double variance = 2 * 0.125 * 0.125;
  EXPECT_NEAR(auc_standard_error(values({3, 1}), values({0, 1})), std::sqrt(variance), 1e-15);
  EXPECT_EQ(auc_standard_error(values({3, 2}), values({0, 1})), 0) << "nothing overlaps";
  EXPECT_THROW(auc_standard_error(values({3}), values({0, 1})), Error);
}

// A score that is not a number would sort above every other and look like a perfect attack.
TEST(Roc, OfScoresThatAreNotNumbersIsNotANumber) {
  const Tensor fine = at::arange(10, at::kDouble);
  Tensor broken = fine.clone();
  broken[3] = std::nan("");
  for (const auto& [members, others] :
       std::vector<std::pair<Tensor, Tensor>>{{fine, broken}, {broken, fine}}) {
    EXPECT_TRUE(std::isnan(auc(members, others)));
    EXPECT_TRUE(std::isnan(tpr_at_fpr(members, others, 0.01)));
  }
}

}  // namespace
}  // namespace oubli
