// Values by an independent program are in golden_metrics_test.cpp.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

const Metric& metric() {
  static const Metric found = builtin_metrics().find("layer_distance");
  return found;
}

ColumnValues distances(const Tensor& theta, const std::vector<Tensor>& oracle_thetas) {
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
  ColumnValues values;
  for (const MetricValue& value : metric().compute(input)) values[value.column] = value.value;
  return values;
}

// As the engine does: each oracle is held against the others.
std::vector<MetricValue> values_of(const Tensor& theta, const std::vector<Tensor>& oracles) {
  ColumnValues mean;
  for (std::size_t j = 0; j < oracles.size() && oracles.size() > 1; ++j) {
    std::vector<Tensor> others = oracles;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(j));
    for (const auto& [column, value] : distances(oracles[j], others)) {
      mean[column] += value / static_cast<double>(oracles.size());
    }
  }
  return metric().derive(distances(theta, oracles), mean);
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

TEST(LayerDistance, LeavesOutWhatIsZeroInAnOracle) {
  Tensor zero = at::ones({7}, at::kDouble);
  zero.narrow(0, 5, 2).zero_();
  const ColumnValues values = distances(at::ones({7}, at::kDouble), {zero, zero * 3});
  EXPECT_TRUE(values.contains("layer_d/weight"));
  EXPECT_FALSE(values.contains("layer_d/bias"));
}

}  // namespace
}  // namespace oubli
