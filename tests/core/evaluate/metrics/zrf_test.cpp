#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "core/evaluate/metric.h"
#include "tests/support/evaluation.h"

namespace oubli {
namespace {

using testing::EvaluationFixture;
using testing::has_column;
using testing::make_evaluation;
using testing::value_of;

TEST(Zrf, IsBoundedByOneAndOneMinusLn2) {
  EvaluationFixture s = make_evaluation(3);
  const Metric metric = builtin_metrics().find("zrf");
  s.evaluation.initial = {&s.model};
  EXPECT_NEAR(value_of(metric.compute(s.input({&s.oracle})), "zrf"), 1, 1e-15);
  // Far past where a probability underflows: the published code is infinite there.
  s.model.predictions = s.predictions(at::tensor({1000.0, 0.0, 0.0}).expand({80, 3}));
  s.oracle.predictions = s.predictions(at::tensor({0.0, 1000.0, 0.0}).expand({80, 3}));
  s.evaluation.initial = {&s.oracle};
  const auto values = metric.compute(s.input({&s.oracle}));
  EXPECT_NEAR(value_of(values, "zrf"), 1 - std::numbers::ln2, 1e-12);
  EXPECT_TRUE(std::isfinite(value_of(values, "zrf_official")));
}

TEST(Zrf, IsLeftOutWithoutNeverTrainedModels) {
  EvaluationFixture s = make_evaluation(3);
  s.evaluation.initial = {};
  EXPECT_TRUE(builtin_metrics().find("zrf").compute(s.input({&s.oracle})).empty());
}

}  // namespace
}  // namespace oubli
