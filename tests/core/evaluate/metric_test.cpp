// The contract of every metric, and the values of the built-in ones by hand.
#include "core/evaluate/metric.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "experiments/selftest/metric_checks.h"
#include "experiments/selftest/problems.h"
#include "tests/support/kept_promises.h"
#include "tests/support/metric_values.h"

namespace oubli {
namespace {

using testing::value_of;

struct Fixture {
  Evaluation evaluation;
  ModelOutcome model, oracle;
  MetricInput input(std::vector<const ModelOutcome*> oracles) const {
    return {.evaluation = evaluation, .model = model, .oracles = std::move(oracles)};
  }
  Predictions predictions(const Tensor& outputs) const {
    const bool classes = evaluation.is_classification();
    return Predictions(evaluation.dataset,
                       classes ? LossKind::kCrossEntropy : LossKind::kSquaredError, outputs);
  }
};

Fixture make_setup(std::int64_t classes) {
  Fixture s;
  s.evaluation.dataset = testing::make_dataset(80, 3, classes);
  s.evaluation.sets = {
      {"retain", at::arange(0, 40)}, {"forget", at::arange(40, 60)}, {"test", at::arange(60, 80)}};
  Generator generator(4);
  const std::int64_t outputs = std::max<std::int64_t>(classes, 1);
  for (ModelOutcome* outcome : {&s.model, &s.oracle}) {
    outcome->predictions = s.predictions(generator.normal({80, outputs}, at::kDouble));
    outcome->theta = generator.normal({7}, at::kDouble);
    outcome->sample_gradients = outcome == &s.model ? 10 : 40;
    outcome->seconds = outcome == &s.model ? 1 : 2;
  }
  return s;
}

TEST(MetricContract, EveryMetricKeepsItsPromises) {
  const Registry<Metric> metrics = builtin_metrics();
  for (const Metric& metric : metrics.entries()) {
    testing::expect_kept(testing::metric_checks(), metric.name, metric);
  }
}

TEST(Divergence, IsZeroAgainstItselfAndBounded) {
  Fixture s = make_setup(3);
  const Metric metric = builtin_metrics().find("divergence");
  EXPECT_NEAR(value_of(metric.compute(s.input({&s.model})), "js/forget"), 0, 1e-15);
  // Opposite certainties, far past where a probability underflows.
  s.model.predictions = s.predictions(at::tensor({1000.0, 0.0, 0.0}, at::kDouble).expand({80, 3}));
  s.oracle.predictions = s.predictions(at::tensor({0.0, 1000.0, 0.0}, at::kDouble).expand({80, 3}));
  const auto values = metric.compute(s.input({&s.oracle}));
  EXPECT_NEAR(value_of(values, "js/test"), std::numbers::ln2, 1e-12);
  EXPECT_NEAR(value_of(values, "kl/test"), 1000, 1e-9);
}

TEST(Divergence, KlByHand) {
  Fixture s = make_setup(2);
  s.model.predictions =
      s.predictions(at::tensor({std::log(0.25), std::log(0.75)}, at::kDouble).expand({80, 2}));
  s.oracle.predictions =
      s.predictions(at::tensor({std::log(0.5), std::log(0.5)}, at::kDouble).expand({80, 2}));
  const auto values = builtin_metrics().find("divergence").compute(s.input({&s.oracle}));
  EXPECT_NEAR(value_of(values, "kl/forget"), 0.5 * std::log(2.0) + 0.5 * std::log(2.0 / 3), 1e-12);
}

TEST(Accuracy, SeesWrongAndTrueLabelsApart) {
  Fixture s = make_setup(3);
  auto corrupted = std::make_shared<Dataset>(*s.evaluation.dataset);
  corrupted->targets = (corrupted->true_targets + 1) % 3;
  s.evaluation.dataset = corrupted;
  s.model.predictions = s.predictions(at::one_hot(corrupted->targets, 3));
  const auto values = builtin_metrics().find("accuracy").compute(s.input({&s.oracle}));
  EXPECT_EQ(value_of(values, "accuracy/forget"), 1);
  EXPECT_EQ(value_of(values, "accuracy/forget_true"), 0);
}

// Class 1 is forgotten as a whole; class 2 was never in training, and its test examples count.
TEST(Gaps, LeavesOutRemovedClassesAndNoOthers) {
  Fixture s = make_setup(3);
  auto data = std::make_shared<Dataset>(*s.evaluation.dataset);
  data->targets = at::cat({at::zeros({40}, at::kLong), at::ones({20}, at::kLong),
                           at::arange(20, at::kLong).remainder(3)});
  s.evaluation.dataset = data;
  s.model.predictions =
      s.predictions(at::tensor({1.0, 2.0, 0.0}, at::kDouble).expand({80, 3}));  // says class 1
  s.oracle.predictions = s.model.predictions;
  const Metric gaps = builtin_metrics().find("gaps");
  const auto values = gaps.compute(s.input({&s.oracle}));
  EXPECT_EQ(value_of(values, "ta"), 0) << "of classes 0 and 2";
  EXPECT_EQ(value_of(values, "ta_removed"), 1);
  s.model.predictions =
      s.predictions(at::tensor({1.0, 0.0, 2.0}, at::kDouble).expand({80, 3}));  // says class 2
  EXPECT_NEAR(value_of(gaps.compute(s.input({&s.oracle})), "ta"), 6 / 13.0, 1e-15);
}

// Person 0 of five is kept, 1 forgotten, 2 held out; of 3 one sentence is trained on and one held
// out. Each has six sentences of a city and six of a field.
TEST(Evaluation, UnseenAreFactsThatNoModelWasTrainedOn) {
  Evaluation evaluation{.dataset = testing::make_sentences(),
                        .sets = {{"retain", at::cat({at::arange(0, 12), at::arange(36, 37)})},
                                 {"forget", at::arange(12, 18)},
                                 {"test", at::arange(48, 60)}}};
  EXPECT_FALSE(evaluation.unseen().defined()) << "test says learnt facts in other words";
  evaluation.sets.push_back({"held_out", at::cat({at::arange(24, 36), at::arange(37, 42)})});
  EXPECT_TRUE(evaluation.unseen().equal(at::arange(24, 36)));
  EXPECT_TRUE(evaluation.unseen_rows_like(at::arange(12, 18)).equal(at::arange(24, 30)))
      << "of the same relation, whatever the object";
  // Of person 0 the city alone: a name that other sentences have is no match for one that none has.
  EXPECT_FALSE(evaluation.unseen_rows_like(at::arange(0, 6)).defined());
  EXPECT_FALSE(evaluation.unseen_rows_like(at::arange(6, 18)).defined()) << "of both kinds";
  evaluation.sets.back().rows = at::arange(37, 42);
  EXPECT_FALSE(evaluation.unseen_rows_like(at::arange(12, 18)).defined());
}

TEST(Membership, SeparatesWhatWasLearnt) {
  Fixture s = make_setup(3);
  const Tensor forget = at::arange(40, 60);
  Tensor outputs = at::zeros({80, 3}, at::kDouble);
  const Tensor labels = s.evaluation.dataset->targets.index_select(0, forget);
  outputs.index_copy_(0, forget, 5 * at::one_hot(labels, 3).to(at::kDouble));
  s.model.predictions = s.predictions(outputs);
  EXPECT_EQ(value_of(builtin_metrics().find("membership").compute(s.input({&s.oracle})),
                     "membership_auc/forget"),
            1);
}

TEST(DistanceAndCost, ByHand) {
  Fixture s = make_setup(3);
  s.model.theta = 2 * s.oracle.theta.get();
  EXPECT_NEAR(
      value_of(builtin_metrics().find("distance").compute(s.input({&s.oracle})), "distance"), 1,
      1e-14);
  const auto cost = builtin_metrics().find("cost").compute(s.input({&s.oracle}));
  EXPECT_EQ(value_of(cost, "cost_ratio"), 0.25);
  EXPECT_EQ(value_of(cost, "seconds_ratio"), 0.5);
}

}  // namespace
}  // namespace oubli
