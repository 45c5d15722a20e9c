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

TEST(Mislabels, PlantedLabelsAndTrueLabels) {
  EvaluationFixture s = make_evaluation(3, /*swapped=*/true);
  const Metric metric = builtin_metrics().find("mislabels");
  s.model.predictions = s.predictions(at::one_hot(s.evaluation.dataset->targets, 3));
  auto values = metric.compute(s.input({&s.oracle}));
  EXPECT_EQ(value_of(values, "mislabel_success"), 1);
  EXPECT_EQ(value_of(values, "interclass_confusion/forget"), 1);
  EXPECT_EQ(value_of(values, "interclass_confusion/test"), 0);
  s.model.predictions = s.predictions(at::one_hot(s.evaluation.dataset->true_targets, 3));
  values = metric.compute(s.input({&s.oracle}));
  EXPECT_EQ(value_of(values, "mislabel_success"), 0);
  EXPECT_EQ(value_of(values, "interclass_confusion/forget"), 0);
}

TEST(Mislabels, AreLeftOutWhereLabelsAreTrue) {
  const EvaluationFixture s = make_evaluation(3);
  EXPECT_TRUE(builtin_metrics().find("mislabels").compute(s.input({&s.oracle})).empty());
}

}  // namespace
}  // namespace oubli
