// Values by an independent program are in golden_metrics_test.cpp.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> values_of(const Tensor& theta, const std::vector<Tensor>& oracle_thetas) {
  Evaluation evaluation;
  evaluation.parameters = {{.name = "weight", .shape = {5}, .offset = 0, .size = 5},
                           {.name = "bias", .shape = {2}, .offset = 5, .size = 2}};
  ModelOutcome model;
  model.theta = theta;
  std::vector<ModelOutcome> oracles(oracle_thetas.size());
  MetricInput input{.evaluation = evaluation, .model = model};
  for (std::size_t i = 0; i < oracles.size(); ++i) {
    oracles[i].theta = oracle_thetas[i];
    input.oracles.push_back(&oracles[i]);
  }
  return builtin_metrics().find("layer_distance").compute(input);
}

TEST(LayerDistance, ByHand) {
  const Tensor one = at::ones({7}, at::kDouble);
  // Relative distances to the oracles 2 and 1/2; between the oracles 1 and 1/2.
  const auto values = values_of(3 * one, {one, 2 * one});
  ASSERT_EQ(values.size(), 3u);
  for (const MetricValue& value : values) EXPECT_NEAR(value.value, 1.25 / 0.75, 1e-14);
}

TEST(LayerDistance, NeedsTwoOraclesThatDiffer) {
  const Tensor one = at::ones({7}, at::kDouble);
  EXPECT_TRUE(values_of(3 * one, {one}).empty());
  Tensor other = one.clone();
  other.narrow(0, 0, 5).fill_(2);  // the weight alone
  const auto values = values_of(3 * one, {one, other});
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(values[0].column, "layer_distance");
  EXPECT_EQ(values[1].column, "layer_z/weight");
}

}  // namespace
}  // namespace oubli
