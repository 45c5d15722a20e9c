#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/metric_values.h"
#include "tests/support/populations.h"

namespace oubli {
namespace {

using testing::has_column;
using testing::value_of;

class ForgettingQualityTest : public testing::PopulationTest {
 protected:
  ForgettingQualityTest()
      : PopulationTest("forgetting_quality", 80,
                       {{"retain", at::arange(0, 40)},
                        {"forget", at::arange(40, 60)},
                        {"test", at::arange(60, 80)}}) {}
};

TEST_F(ForgettingQualityTest, IsZeroForModelsApartAndOneForTheSameConstant) {
  const auto sharp = models(16, 0, 5, 0), less = models(16, 0, 4, 0);
  EXPECT_EQ(value_of(compute(sharp, less), "forgetting_quality"), 0);
  EXPECT_EQ(value_of(compute(sharp, sharp), "forgetting_quality"), 1);
  EXPECT_NEAR(value_of(compute(sharp, sharp), "forgetting_score"), 1, 1e-15);
}

TEST_F(ForgettingQualityTest, OfTheSameDistributionIsAboveThatOfAnother) {
  const auto oracles = models(32, 2, 1);
  const auto values = compute(models(32, 1, 1), oracles, models(32, 5, 1));
  EXPECT_TRUE(has_column(values, "forgetting_quality_ceiling"));
  EXPECT_GT(value_of(values, "forgetting_quality"),
            2 * value_of(compute(models(32, 3, 4), oracles), "forgetting_quality"));
}

TEST_F(ForgettingQualityTest, NeedsSixteenModelsAndOracles) {
  EXPECT_TRUE(compute(models(15, 1, 1), models(16, 2, 1)).empty());
  EXPECT_TRUE(compute(models(16, 1, 1), models(15, 2, 1)).empty());
}

}  // namespace
}  // namespace oubli
