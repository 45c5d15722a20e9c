#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/evaluate/metric.h"
#include "tests/support/evaluation.h"

namespace oubli {
namespace {

using testing::EvaluationFixture;
using testing::has_column;
using testing::make_evaluation;
using testing::value_of;

TEST(LayerDistance, ByHand) {
  EvaluationFixture s = make_evaluation(3);
  s.oracle.theta = at::ones({7}, at::kDouble);
  s.original.theta = 2 * s.oracle.theta;
  s.model.theta = 3 * s.oracle.theta;
  // Relative distances to the oracles 2 and 1/2; between the oracles 1 and 1/2.
  const Metric metric = builtin_metrics().find("layer_distance");
  const auto values = metric.compute(s.input({&s.oracle, &s.original}));
  EXPECT_NEAR(value_of(values, "layer_z/weight"), 1.25 / 0.75, 1e-14);
  EXPECT_NEAR(value_of(values, "layer_distance"), 1.25 / 0.75, 1e-14);
}

TEST(LayerDistance, NeedsTwoOraclesThatDiffer) {
  EvaluationFixture s = make_evaluation(3);
  const Metric metric = builtin_metrics().find("layer_distance");
  EXPECT_TRUE(metric.compute(s.input({&s.oracle})).empty());
  s.oracle.theta = at::ones({7}, at::kDouble);
  s.original.theta = s.oracle.theta.clone();
  s.original.theta.narrow(0, 0, 5).fill_(2);
  const auto values = metric.compute(s.input({&s.oracle, &s.original}));
  EXPECT_TRUE(has_column(values, "layer_z/weight"));
  EXPECT_FALSE(has_column(values, "layer_z/bias"));
}

}  // namespace
}  // namespace oubli
