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

TEST(Streisand, SeesLossesThatDoNotOverlap) {
  EvaluationFixture s = make_evaluation(3);
  const Metric metric = builtin_metrics().find("streisand");
  EXPECT_EQ(value_of(metric.compute(s.input({&s.model})), "streisand_ks"), 0);
  s.model.predictions = s.predictions(at::zeros({80, 3}));
  s.oracle.predictions = s.predictions(100 * at::one_hot(s.evaluation.dataset->targets, 3));
  const auto values = metric.compute(s.input({&s.oracle, &s.model}));
  EXPECT_NEAR(value_of(values, "streisand_ks"), 0.5, 1e-15);  // the mean of 1 and 0
  EXPECT_NEAR(value_of(values, "entropy_gap"), std::log(3.0) / 2, 1e-12);
}

TEST(Streisand, IsNotANumberWhereOutputsAreNot) {
  EvaluationFixture s = make_evaluation(3);
  s.model.predictions = s.predictions(at::full({80, 3}, std::nan("")));
  const auto values = builtin_metrics().find("streisand").compute(s.input({&s.oracle}));
  EXPECT_TRUE(std::isnan(value_of(values, "streisand_ks")));
  EXPECT_TRUE(std::isnan(value_of(values, "entropy_gap")));
}

}  // namespace
}  // namespace oubli
