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
  return builtin_metrics()
      .find("forgetting_quality")
      .compute_population({.evaluation = s.evaluation,
                           .models = testing::pointers(models),
                           .oracles = testing::pointers(oracles)});
}

TEST(ForgettingQuality, IsZeroForModelsApartAndOneForTheSameConstant) {
  const EvaluationFixture s = make_evaluation(3);
  std::vector<ModelOutcome> models(16), oracles(16);
  const Tensor labels = at::one_hot(s.evaluation.dataset->targets, 3);
  for (ModelOutcome& model : models) model.predictions = s.predictions(5 * labels);
  for (ModelOutcome& model : oracles) model.predictions = s.predictions(4 * labels);
  EXPECT_EQ(value_of(compute(s, models, oracles), "forgetting_quality"), 0);
  EXPECT_EQ(value_of(compute(s, models, models), "forgetting_quality"), 1);
  EXPECT_NEAR(value_of(compute(s, models, models), "forgetting_score"), 1, 1e-15);
}

TEST(ForgettingQuality, OfTheSameDistributionIsAboveThatOfAnother) {
  const EvaluationFixture s = make_evaluation(3);
  const auto oracles = testing::make_models(s, 32, 2), same = testing::make_models(s, 32, 1);
  auto other = testing::make_models(s, 32, 3);
  const Tensor labels = at::one_hot(s.evaluation.dataset->targets, 3);
  for (ModelOutcome& model : other) {
    model.predictions = s.predictions(model.predictions.outputs() + 2 * labels);
  }
  const auto values = compute(s, same, oracles);
  EXPECT_TRUE(has_column(values, "forgetting_quality_ceiling"));
  EXPECT_GT(value_of(values, "forgetting_quality"),
            value_of(compute(s, other, oracles), "forgetting_quality"));
}

TEST(ForgettingQuality, NeedsSixteenModelsAndOracles) {
  const EvaluationFixture s = make_evaluation(3);
  const auto few = testing::make_models(s, 15, 1), enough = testing::make_models(s, 16, 2);
  EXPECT_TRUE(compute(s, few, enough).empty());
  EXPECT_TRUE(compute(s, enough, few).empty());
}

}  // namespace
}  // namespace oubli
