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

TEST(Calibration, OfOneConfidenceIsItsGapToAccuracy) {
  EvaluationFixture s = make_evaluation(3);
  // Probability 0.8 of class 0, which is right or not: every bin of equal mass shares that.
  s.model.predictions = s.predictions(
      at::tensor({std::log(0.8), std::log(0.1), std::log(0.1)}, at::kDouble).expand({80, 3}));
  const auto values = builtin_metrics().find("calibration").compute(s.input({&s.oracle}));
  const Tensor labels = s.evaluation.dataset->targets.narrow(0, 40, 20);
  const double right = labels.eq(0).to(at::kDouble).mean().item<double>();
  EXPECT_NEAR(value_of(values, "ece/forget"), std::abs(right - 0.8), 1e-14);
  EXPECT_NEAR(value_of(values, "ece_adaptive/forget"), std::abs(right - 0.8), 1e-14);
  EXPECT_NEAR(value_of(values, "brier/forget"),
              right * (0.04 + 0.02) + (1 - right) * (0.64 + 0.81 + 0.01), 1e-14);
}

TEST(Calibration, IsNotANumberWhereOutputsAreNot) {
  EvaluationFixture s = make_evaluation(3);
  s.model.predictions = s.predictions(at::full({80, 3}, std::nan("")));
  const auto values = builtin_metrics().find("calibration").compute(s.input({&s.oracle}));
  EXPECT_TRUE(std::isnan(value_of(values, "ece/forget")));
}

}  // namespace
}  // namespace oubli
