// Values by an independent program are in golden_metrics_test.cpp.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/metric_values.h"

namespace oubli {
namespace {

using testing::value_of;

// Labels 0 and 1 of the first six examples are swapped; the others are right.
struct Planted {
  explicit Planted(const std::vector<std::int64_t>& wrong) {
    auto data = std::make_shared<Dataset>();
    data->true_targets = at::tensor(std::vector<std::int64_t>{0, 1, 0, 1, 0, 1, 0, 1, 2, 2});
    data->targets = data->true_targets.clone();
    data->targets.narrow(0, 0, 6).copy_(at::tensor(wrong));
    data->inputs = at::zeros({10, 1});
    data->outputs = 3;
    evaluation.dataset = data;
    evaluation.sets = {{"forget", at::arange(6)}, {"test", at::arange(6, 10)}};
  }
  // Of a model that predicts these classes.
  std::vector<MetricValue> values(const Tensor& classes) {
    ModelOutcome model;
    model.predictions = Predictions(evaluation.dataset, LossKind::kCrossEntropy,
                                    at::one_hot(classes, 3).to(at::kDouble));
    return builtin_metrics().find("mislabels").compute({.evaluation = evaluation, .model = model});
  }
  Evaluation evaluation;
};

TEST(Mislabels, PlantedLabelsAndTrueLabels) {
  Planted swapped({1, 0, 1, 0, 1, 0});
  auto values = swapped.values(swapped.evaluation.dataset->targets);
  EXPECT_EQ(value_of(values, "mislabel_success"), 1);
  EXPECT_EQ(value_of(values, "interclass_confusion/forget"), 1);
  EXPECT_EQ(value_of(values, "interclass_confusion/test"), 0);
  values = swapped.values(swapped.evaluation.dataset->true_targets);
  EXPECT_EQ(value_of(values, "mislabel_success"), 0);
  EXPECT_EQ(value_of(values, "interclass_confusion/forget"), 0);
}

TEST(Mislabels, ConfusionIsLeftOutWhereOtherClassesAreMixedUp) {
  Planted other({1, 0, 2, 0, 1, 0});
  const auto values = other.values(other.evaluation.dataset->targets);
  ASSERT_EQ(values.size(), 1u);
  EXPECT_EQ(values[0].column, "mislabel_success");
}

TEST(Mislabels, NothingIsSaidWhereLabelsAreTrue) {
  Planted right({0, 1, 0, 1, 0, 1});
  EXPECT_TRUE(right.values(right.evaluation.dataset->targets).empty());
}

}  // namespace
}  // namespace oubli
