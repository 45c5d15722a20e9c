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

// Outputs that are right on the first `right` examples of each set and wrong on the others.
Predictions right_on(const EvaluationFixture& s, std::int64_t right) {
  Tensor guess = (s.evaluation.dataset->targets + 1) % 3;
  for (const NamedRows& set : s.evaluation.sets) {
    const Tensor rows = set.rows.narrow(0, 0, right);
    guess.index_copy_(0, rows, s.evaluation.dataset->targets.index_select(0, rows));
  }
  return s.predictions(at::one_hot(guess, 3));
}

TEST(Gaps, ByHand) {
  EvaluationFixture s = make_evaluation(3);
  s.model.predictions = right_on(s, 10);   // accuracies 1/4, 1/2, 1/2
  s.oracle.predictions = right_on(s, 20);  // 1/2, 1, 1
  const auto values = builtin_metrics().find("gaps").compute(s.input({&s.oracle}));
  EXPECT_NEAR(value_of(values, "ua"), 0.5, 1e-15);
  EXPECT_NEAR(value_of(values, "ua_gap"), 0.5, 1e-15);
  EXPECT_NEAR(value_of(values, "ra_gap"), -0.25, 1e-15);
  EXPECT_NEAR(value_of(values, "ta_gap"), -0.5, 1e-15);
  EXPECT_NEAR(value_of(values, "avg_gap"), 1.25 / 3, 1e-15);
  EXPECT_NEAR(value_of(values, "tow"), 0.5 * 0.75 * 0.5, 1e-15);
  EXPECT_FALSE(has_column(values, "tow/validation"));
}

// The gap is to the oracles' mean: one above and one below cancel.
TEST(Gaps, AreToTheMeanOfTheOracles) {
  EvaluationFixture s = make_evaluation(3);
  s.model.predictions = right_on(s, 10);
  s.oracle.predictions = right_on(s, 20);
  s.original.predictions = right_on(s, 0);
  const auto values = builtin_metrics().find("gaps").compute(s.input({&s.oracle, &s.original}));
  EXPECT_NEAR(value_of(values, "avg_gap"), 0, 1e-15);
  EXPECT_NEAR(value_of(values, "tow"), 1, 1e-15);
}

}  // namespace
}  // namespace oubli
