// The contract of every metric, and the values of the built-in ones by hand.
#include "core/evaluate/metric.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "tests/support/evaluation.h"

namespace oubli {
namespace {

using Fixture = testing::EvaluationFixture;
using testing::make_evaluation;
using testing::value_of;

// What every list of values must be: finite, each column described once.
void check_values(const Metric& metric, const std::vector<MetricValue>& values) {
  std::set<std::string> seen;
  for (const MetricValue& value : values) {
    EXPECT_TRUE(std::isfinite(value.value)) << value.column;
    EXPECT_TRUE(seen.insert(value.column).second) << value.column << " twice";
    const std::string name = value.column.substr(0, value.column.find('/'));
    EXPECT_TRUE(std::any_of(metric.columns.begin(), metric.columns.end(),
                            [&](const ColumnInfo& info) { return info.name == name; }))
        << value.column << " is not described by " << metric.name;
  }
}

void check_same(const std::vector<MetricValue>& values, const std::vector<MetricValue>& again) {
  ASSERT_EQ(values.size(), again.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(values[i].column, again[i].column);
    EXPECT_NEAR(values[i].value, again[i].value, 1e-14) << values[i].column;
  }
}

TEST(MetricContract, EveryMetricDescribesItself) {
  const Registry<Metric> metrics = builtin_metrics();
  std::set<std::string> names;
  for (const Metric& metric : metrics.entries()) {
    EXPECT_FALSE(metric.summary.empty()) << metric.name;
    EXPECT_FALSE(metric.source.empty()) << metric.name;
    EXPECT_NE(bool{metric.compute}, bool{metric.compute_population}) << metric.name;
    for (const ColumnInfo& info : metric.columns) {
      EXPECT_TRUE(names.insert(info.name).second) << info.name << " twice";
      EXPECT_FALSE(info.heading.empty()) << info.name;
      EXPECT_FALSE(info.range.empty()) << info.name;
      EXPECT_FALSE(info.definition.empty()) << info.name;
    }
  }
}

TEST(MetricContract, EveryMetricIsFiniteAndDoesNotChangeItsInput) {
  const Registry<Metric> metrics = builtin_metrics();
  for (const Metric& metric : metrics.entries()) {
    if (!metric.compute) continue;
    for (const std::int64_t classes : {3, 0}) {
      const Fixture s = make_evaluation(classes, /*swapped=*/classes > 0);
      const Tensor before = s.model.predictions.outputs().clone();
      const Tensor theta = s.model.theta.clone();
      const auto values = metric.compute(s.input({&s.oracle}));
      check_values(metric, values);
      check_same(values, metric.compute(s.input({&s.oracle, &s.oracle})));
      const auto two = metric.compute(s.input({&s.oracle, &s.original}));
      check_values(metric, two);
      if (classes > 0 && !metric.needs.shadows && !metric.needs.edited_shadows) {
        EXPECT_FALSE(two.empty()) << metric.name;
      }
      EXPECT_TRUE(before.equal(s.model.predictions.outputs()));
      EXPECT_TRUE(theta.equal(s.model.theta));
    }
  }
}

TEST(MetricContract, EveryPopulationMetricIsFiniteAndDoesNotChangeItsInput) {
  const Registry<Metric> metrics = builtin_metrics();
  for (const Metric& metric : metrics.entries()) {
    if (!metric.compute_population) continue;
    for (const std::int64_t classes : {3, 0}) {
      const Fixture s = make_evaluation(classes);
      const auto models = testing::make_models(s, 17, 5), oracles = testing::make_models(s, 33, 6);
      const Tensor before = models[0].predictions.outputs().clone();
      const PopulationInput input{.evaluation = s.evaluation,
                                  .models = testing::pointers(models),
                                  .oracles = testing::pointers(oracles)};
      const auto values = metric.compute_population(input);
      check_values(metric, values);
      EXPECT_EQ(values.empty(), classes == 0) << metric.name;
      check_same(values, metric.compute_population(input));
      EXPECT_TRUE(before.equal(models[0].predictions.outputs()));
      // Too few models for a distribution.
      check_values(metric, metric.compute_population({.evaluation = s.evaluation,
                                                      .models = {&models[0]},
                                                      .oracles = {&oracles[0]}}));
    }
  }
}

// Nothing forgotten, nothing held out, no original, no never-trained model, no curve.
TEST(MetricContract, EveryMetricLeavesOutWhatIsNotThere) {
  const Registry<Metric> metrics = builtin_metrics();
  for (const std::int64_t classes : {3, 0}) {
    Fixture s = make_evaluation(classes);
    s.evaluation.sets = {{"retain", at::arange(0, 40)}};
    s.evaluation.initial = {};
    s.evaluation.parameters = {};
    s.model.relearning.reset();
    const auto models = testing::make_models(s, 16, 5);
    for (const Metric& metric : metrics.entries()) {
      if (metric.compute) {
        check_values(metric, metric.compute({.evaluation = s.evaluation,
                                             .model = s.model,
                                             .oracles = {&s.oracle, &s.original}}));
      } else {
        check_values(metric, metric.compute_population({.evaluation = s.evaluation,
                                                        .models = testing::pointers(models),
                                                        .oracles = testing::pointers(models)}));
      }
    }
  }
}

TEST(Divergence, IsZeroAgainstItselfAndBounded) {
  Fixture s = make_evaluation(3);
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
  Fixture s = make_evaluation(2);
  s.model.predictions =
      s.predictions(at::tensor({std::log(0.25), std::log(0.75)}, at::kDouble).expand({80, 2}));
  s.oracle.predictions =
      s.predictions(at::tensor({std::log(0.5), std::log(0.5)}, at::kDouble).expand({80, 2}));
  const auto values = builtin_metrics().find("divergence").compute(s.input({&s.oracle}));
  EXPECT_NEAR(value_of(values, "kl/forget"), 0.5 * std::log(2.0) + 0.5 * std::log(2.0 / 3), 1e-12);
}

TEST(Accuracy, SeesWrongAndTrueLabelsApart) {
  Fixture s = make_evaluation(3);
  auto corrupted = std::make_shared<Dataset>(*s.evaluation.dataset);
  corrupted->targets = (corrupted->true_targets + 1) % 3;
  s.evaluation.dataset = corrupted;
  s.model.predictions = s.predictions(at::one_hot(corrupted->targets, 3));
  const auto values = builtin_metrics().find("accuracy").compute(s.input({&s.oracle}));
  EXPECT_EQ(value_of(values, "accuracy/forget"), 1);
  EXPECT_EQ(value_of(values, "accuracy/forget_true"), 0);
}

TEST(Membership, SeparatesWhatWasLearnt) {
  Fixture s = make_evaluation(3);
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
  Fixture s = make_evaluation(3);
  s.model.theta = 2 * s.oracle.theta;
  EXPECT_NEAR(
      value_of(builtin_metrics().find("distance").compute(s.input({&s.oracle})), "distance"), 1,
      1e-14);
  const auto cost = builtin_metrics().find("cost").compute(s.input({&s.oracle}));
  EXPECT_EQ(value_of(cost, "cost_ratio"), 0.25);
  EXPECT_EQ(value_of(cost, "seconds_ratio"), 0.5);
}

}  // namespace
}  // namespace oubli
