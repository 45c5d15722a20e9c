// The contract of every metric, and the values of the built-in ones by hand.
#include "core/evaluate/metric.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tests/support/problems.h"

namespace oubli {
namespace {

struct Fixture {
  std::shared_ptr<const Dataset> data;
  ModelOutcome model, oracle;
  MetricInput input(std::vector<const ModelOutcome*> oracles) const {
    const std::int64_t n = data->size();
    return {*data,
            data->is_classification() ? Loss::kCrossEntropy : Loss::kSquaredError,
            {{"retain", at::arange(0, n / 2)},
             {"forget", at::arange(n / 2, 3 * n / 4)},
             {"test", at::arange(3 * n / 4, n)}},
            model,
            std::move(oracles)};
  }
};

Fixture make_setup(std::int64_t classes) {
  Fixture s;
  s.data = testing::make_dataset(80, 3, classes);
  Generator generator(4);
  const std::int64_t outputs = std::max<std::int64_t>(classes, 1);
  s.model = {generator.normal({80, outputs}, at::kDouble), generator.normal({7}, at::kDouble), 10,
             1};
  s.oracle = {generator.normal({80, outputs}, at::kDouble), generator.normal({7}, at::kDouble), 40,
              2};
  return s;
}

double value_of(const std::vector<MetricValue>& values, const std::string& column) {
  for (const MetricValue& value : values) {
    if (value.column == column) return value.value;
  }
  ADD_FAILURE() << "no column " << column;
  return 0;
}

TEST(MetricContract, EveryMetricIsFiniteAndDoesNotChangeItsInput) {
  const Registry<Metric> metrics = builtin_metrics();
  for (const Metric& metric : metrics.entries()) {
    EXPECT_FALSE(metric.summary.empty());
    for (const std::int64_t classes : {3, 0}) {
      const Fixture s = make_setup(classes);
      const Tensor before = s.model.outputs.clone();
      const auto values = metric.compute(s.input({&s.oracle}));
      for (const MetricValue& value : values)
        EXPECT_TRUE(std::isfinite(value.value)) << value.column;
      EXPECT_TRUE(before.equal(s.model.outputs));
      const auto again = metric.compute(s.input({&s.oracle, &s.oracle}));
      ASSERT_EQ(values.size(), again.size());
      for (std::size_t i = 0; i < values.size(); ++i) {
        EXPECT_NEAR(values[i].value, again[i].value, 1e-14) << "the same oracle twice";
      }
    }
  }
}

TEST(Divergence, IsZeroAgainstItselfAndBounded) {
  Fixture s = make_setup(3);
  const Metric metric = builtin_metrics().find("divergence");
  EXPECT_NEAR(value_of(metric.compute(s.input({&s.model})), "js/forget"), 0, 1e-15);
  // Opposite certainties, far past where a probability underflows.
  s.model.outputs = at::tensor({1000.0, 0.0, 0.0}, at::kDouble).expand({80, 3}).contiguous();
  s.oracle.outputs = at::tensor({0.0, 1000.0, 0.0}, at::kDouble).expand({80, 3}).contiguous();
  const auto values = metric.compute(s.input({&s.oracle}));
  EXPECT_NEAR(value_of(values, "js/test"), std::numbers::ln2, 1e-12);
  EXPECT_NEAR(value_of(values, "kl/test"), 1000, 1e-9);
}

TEST(Divergence, KlByHand) {
  Fixture s = make_setup(2);
  s.model.outputs =
      at::tensor({std::log(0.25), std::log(0.75)}, at::kDouble).expand({80, 2}).contiguous();
  s.oracle.outputs =
      at::tensor({std::log(0.5), std::log(0.5)}, at::kDouble).expand({80, 2}).contiguous();
  const auto values = builtin_metrics().find("divergence").compute(s.input({&s.oracle}));
  EXPECT_NEAR(value_of(values, "kl/forget"), 0.5 * std::log(2.0) + 0.5 * std::log(2.0 / 3), 1e-12);
}

TEST(Accuracy, SeesWrongAndTrueLabelsApart) {
  Fixture s = make_setup(3);
  auto corrupted = std::make_shared<Dataset>(*s.data);
  corrupted->targets = (corrupted->true_targets + 1) % 3;
  s.data = corrupted;
  s.model.outputs = at::one_hot(corrupted->targets, 3).to(at::kDouble);
  const auto values = builtin_metrics().find("accuracy").compute(s.input({&s.oracle}));
  EXPECT_EQ(value_of(values, "accuracy/forget"), 1);
  EXPECT_EQ(value_of(values, "accuracy/forget_true"), 0);
}

TEST(Membership, SeparatesWhatWasLearnt) {
  Fixture s = make_setup(3);
  s.model.outputs.zero_();
  const Tensor forget = at::arange(40, 60);
  s.model.outputs.index_copy_(
      0, forget, 5 * at::one_hot(s.data->targets.index_select(0, forget), 3).to(at::kDouble));
  EXPECT_EQ(value_of(builtin_metrics().find("membership").compute(s.input({&s.oracle})),
                     "membership_auc/forget"),
            1);
}

TEST(DistanceAndCost, ByHand) {
  Fixture s = make_setup(3);
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
