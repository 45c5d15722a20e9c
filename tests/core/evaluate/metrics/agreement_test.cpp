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

TEST(Agreement, IsOneWithItselfAndTiesAgree) {
  EvaluationFixture s = make_evaluation(3);
  const Metric metric = builtin_metrics().find("agreement");
  EXPECT_EQ(value_of(metric.compute(s.input({&s.model})), "agreement/forget"), 1);
  EXPECT_EQ(value_of(metric.compute(s.input({&s.model})), "churn/test"), 0);
  // All outputs equal is class 0.
  s.model.predictions = s.predictions(at::zeros({80, 3}));
  s.oracle.predictions = s.predictions(at::tensor({1.0, 0.0, 0.0}).expand({80, 3}));
  EXPECT_EQ(value_of(metric.compute(s.input({&s.oracle})), "agreement/forget"), 1);
}

}  // namespace
}  // namespace oubli
