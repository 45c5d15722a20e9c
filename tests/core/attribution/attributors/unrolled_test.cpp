#include <gtest/gtest.h>

#include "core/attribution/training_adjoint.h"
#include "tests/support/attribution.h"

namespace oubli {
namespace {

TEST(Unrolled, OfAShareOfTheDataTrainsAShareOfTheEpochs) {
  const testing::AttributionProblem problem;
  EXPECT_EQ(problem.attribute("unrolled").details.at("epochs"), 4);
  const Attribution half = problem.attribute("unrolled", "data_share: 0.5");
  EXPECT_EQ(half.details.at("epochs"), 2);
  testing::AttributionProblem shorter;
  shorter.task.recipe.epochs = 2;
  EXPECT_TRUE(half.effect.equal(shorter.attribute("unrolled").effect));
}

TEST(Unrolled, AveragesRunsOfWhichTheFirstIsTheOriginals) {
  const testing::AttributionProblem problem;
  testing::AttributionProblem other;
  other.task.training = Generator(3).stream("run 1");
  const Tensor mean =
      (problem.attribute("unrolled").effect + other.attribute("unrolled").effect) / 2;
  EXPECT_LT(testing::largest_difference(problem.attribute("unrolled", "runs: 2").effect, mean),
            1e-15);
}

}  // namespace
}  // namespace oubli
