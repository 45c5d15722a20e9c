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

TEST(ActivationDistance, OfOppositeCertaintiesIsItsBound) {
  EvaluationFixture s = make_evaluation(3);
  s.model.predictions = s.predictions(at::tensor({1000.0, 0.0, 0.0}).expand({80, 3}));
  s.oracle.predictions = s.predictions(at::tensor({0.0, 1000.0, 0.0}).expand({80, 3}));
  const Metric metric = builtin_metrics().find("activation_distance");
  const auto values = metric.compute(s.input({&s.oracle, &s.model}));
  EXPECT_NEAR(value_of(values, "act_l1/forget"), 1, 1e-14);  // the mean of 2 and 0
  EXPECT_NEAR(value_of(values, "act_l2/test"), std::sqrt(2.0) / 2, 1e-14);
}

}  // namespace
}  // namespace oubli
