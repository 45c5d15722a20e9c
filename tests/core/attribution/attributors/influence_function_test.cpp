#include <gtest/gtest.h>

#include "core/unlearn/influence_scores.h"
#include "tests/support/attribution.h"

namespace oubli {
namespace {

TEST(InfluenceFunction, IsTheInfluenceOfEachTestByItself) {
  const testing::AttributionProblem problem("mlp", "hidden: [5]");
  const Attribution found =
      problem.attribute("influence_function", "{curvature: ggn, damping: 0.1, tolerance: 1.0e-12}");
  CurvatureSolveSettings settings;
  settings.damping = 0.1;
  settings.limits = {1e-12, 500};
  for (std::int64_t t = 0; t < 5; ++t) {
    const Subset one = problem.task.tests.with_rows(problem.task.tests.rows.narrow(0, t, 1));
    Context context(3);
    const InfluenceScores alone = influence_scores(problem.model, problem.task.train, one,
                                                   problem.task.objective(), settings, context);
    EXPECT_LT(testing::largest_difference(found.effect.select(1, t), alone.effect), 1e-11);
  }
}

TEST(InfluenceFunction, SaysWhyThereIsNone) {
  const testing::AttributionProblem problem("mlp", "{hidden: [5], activation: tanh}");
  const Attribution found = problem.attribute(
      "influence_function", "{curvature: hessian, damping: 0, on_negative_curvature: fail}");
  EXPECT_NE(found.refusal, "");
  EXPECT_FALSE(found.effect.defined());
}

}  // namespace
}  // namespace oubli
