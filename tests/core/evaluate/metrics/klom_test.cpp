#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/evaluate/metric.h"
#include "tests/support/evaluation.h"

namespace oubli {
namespace {

using testing::EvaluationFixture;
using testing::has_column;
using testing::make_evaluation;
using testing::value_of;

std::vector<MetricValue> compute(const EvaluationFixture& s,
                                 const std::vector<ModelOutcome>& models,
                                 const std::vector<ModelOutcome>& oracles) {
  return builtin_metrics().find("klom").compute_population({.evaluation = s.evaluation,
                                                            .models = testing::pointers(models),
                                                            .oracles = testing::pointers(oracles)});
}

TEST(Klom, IsZeroForTheSameModelsAndSaturatesApart) {
  const EvaluationFixture s = make_evaluation(3);
  std::vector<ModelOutcome> models(3), oracles(3);
  const Tensor labels = at::one_hot(s.evaluation.dataset->targets, 3);
  for (ModelOutcome& model : models) model.predictions = s.predictions(5 * labels);
  for (ModelOutcome& model : oracles) model.predictions = s.predictions(-5 * labels);
  EXPECT_EQ(value_of(compute(s, models, models), "klom/forget"), 0);
  const auto values = compute(s, models, oracles);
  const double most =
      std::log(1 + 1e5) / (1 + 20e-5);  // (p - q) ln(p / q) with p = q + 1/(1 + 20e-5)
  EXPECT_NEAR(value_of(values, "klom/forget"), most, 1e-9);
  EXPECT_NEAR(value_of(values, "klom_95/forget"), most, 1e-9);
  EXPECT_FALSE(has_column(values, "klom_bias/forget"));
}

// Two samples of one distribution: the bias is of the same size as the value, not 0.
TEST(Klom, ReportsItsBias) {
  const EvaluationFixture s = make_evaluation(3);
  const auto models = testing::make_models(s, 12, 1), oracles = testing::make_models(s, 24, 2);
  const auto values = compute(s, models, oracles);
  EXPECT_GT(value_of(values, "klom_bias/forget"), 0.5);
  EXPECT_GT(value_of(values, "klom_95/forget"), value_of(values, "klom/forget"));
}

}  // namespace
}  // namespace oubli
