#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/metric_values.h"
#include "tests/support/populations.h"

namespace oubli {
namespace {

using testing::has_column;
using testing::value_of;

class KlomTest : public testing::PopulationTest {
 protected:
  KlomTest()
      : PopulationTest("klom", 60, {{"forget", at::arange(0, 40)}, {"test", at::arange(40, 60)}}) {}
};

TEST_F(KlomTest, IsZeroForTheSameModelsAndSaturatesApart) {
  const auto certain = models(3, 0, 5, 0), wrong = models(3, 0, -5, 0);
  EXPECT_EQ(value_of(compute(certain, certain), "klom/forget"), 0);
  const auto values = compute(certain, wrong);
  // (p - q) ln(p / q) with p = q + 1 / (1 + 20e-5)
  const double most = std::log(1 + 1e5) / (1 + 20e-5);
  EXPECT_NEAR(value_of(values, "klom/forget"), most, 1e-9);
  EXPECT_NEAR(value_of(values, "klom_95/forget"), most, 1e-9);
  EXPECT_FALSE(has_column(values, "klom_bias/forget")) << "no oracles are set apart";
}

// Two samples of one distribution are far from 0, and the bias says by how much.
TEST_F(KlomTest, ItsBiasIsWhatModelsThatDoNotDifferHave) {
  const auto oracles = models(28, 2), apart = models(20, 4);
  const auto same = compute(models(12, 1), oracles, apart),
             other = compute(models(12, 3, 4), oracles, apart);
  const double bias = value_of(same, "klom_bias/forget");
  EXPECT_GT(bias, 0.5);
  EXPECT_NEAR(value_of(same, "klom/forget"), bias, 0.25 * bias);
  EXPECT_GT(value_of(other, "klom/forget"), 1.5 * bias);
  EXPECT_EQ(value_of(other, "klom_bias/forget"), bias) << "it does not depend on the models";
}

TEST_F(KlomTest, OfOneModelOrOracleIsLeftOut) {
  EXPECT_TRUE(compute(models(1, 1), models(4, 2)).empty());
  EXPECT_TRUE(compute(models(4, 1), models(1, 2)).empty());
}

TEST_F(KlomTest, OfADivergedModelIsNotANumber) {
  auto broken = models(3, 1);
  broken[1].predictions = Predictions(evaluation_.dataset, LossKind::kCrossEntropy,
                                      at::full({60, 3}, std::nan(""), at::kDouble));
  EXPECT_TRUE(std::isnan(value_of(compute(broken, models(4, 2)), "klom/forget")));
}

}  // namespace
}  // namespace oubli
