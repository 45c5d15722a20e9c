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

TEST(Relearning, CountsEpochsAndCapsThem) {
  EvaluationFixture s = make_evaluation(3);
  s.original.predictions = s.predictions(100 * at::one_hot(s.evaluation.dataset->targets, 3));
  s.model.relearning = {{.forget_loss = {1, 0.1, 9e-6}, .forget_accuracy = {0.2, 0.95, 1}}};
  s.oracle.relearning = {{.forget_loss = {1, 1, 1, 1}, .forget_accuracy = {0, 0, 0.94, 0.949}}};
  const Metric metric = builtin_metrics().find("relearning");
  auto values = metric.compute(s.input({&s.oracle}));
  EXPECT_EQ(value_of(values, "relearn_epochs"), 2);
  EXPECT_EQ(value_of(values, "relearn_epochs_oracle"), 4);
  EXPECT_EQ(value_of(values, "anamnesis_index"), 0.25);
  // An oracle that is there from the start counts as one epoch.
  s.oracle.relearning->forget_accuracy = {1};
  values = metric.compute(s.input({&s.oracle}));
  EXPECT_EQ(value_of(values, "anamnesis_index"), 1);
}

TEST(Relearning, IsLeftOutWithoutCurvesOrOriginal) {
  EvaluationFixture s = make_evaluation(3);
  const Metric metric = builtin_metrics().find("relearning");
  MetricInput input = s.input({&s.oracle});
  input.original = nullptr;
  EXPECT_TRUE(metric.compute(input).empty());
  s.model.relearning.reset();
  EXPECT_TRUE(metric.compute(s.input({&s.oracle})).empty());
}

}  // namespace
}  // namespace oubli
