#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/metric_values.h"

namespace oubli {
namespace {

using testing::has_column;
using testing::value_of;

struct Groups {
  // Classes of the group (the first four) and of the others.
  explicit Groups(const std::vector<std::int64_t>& labels) {
    auto data = std::make_shared<Dataset>();
    data->targets = at::tensor(labels, at::kLong);
    data->true_targets = data->targets;
    data->inputs = at::zeros({9, 1});
    data->outputs = 2;
    evaluation.dataset = data;
    evaluation.sets = {{"group", at::arange(4)}, {"others", at::arange(4, 9)}};
    evaluation.planted.favoured = 1;
  }
  std::vector<MetricValue> values(const std::vector<std::int64_t>& predicted) {
    ModelOutcome model;
    model.predictions =
        Predictions(evaluation.dataset, LossKind::kCrossEntropy,
                    at::one_hot(at::tensor(predicted, at::kLong), 2).to(at::kDouble));
    return builtin_metrics().find("group_gaps").compute({.evaluation = evaluation, .model = model});
  }
  Evaluation evaluation;
};

// Of the group 1 of 4 is granted and 3 of 4 right; of the others 3 of 5, and 4 of 5. Deserving are
// 2 and 4 of them, of which 1 and 3 are granted.
TEST(GroupGaps, ByHand) {
  Groups groups({1, 1, 0, 0, 1, 1, 1, 1, 0});
  const auto values = groups.values({1, 0, 0, 0, 1, 1, 1, 0, 0});
  EXPECT_DOUBLE_EQ(value_of(values, "accuracy_gap"), 3 / 4.0 - 4 / 5.0);
  EXPECT_DOUBLE_EQ(value_of(values, "parity_gap"), 1 / 4.0 - 3 / 5.0);
  EXPECT_DOUBLE_EQ(value_of(values, "opportunity_gap"), 1 / 2.0 - 3 / 4.0);
}

TEST(GroupGaps, OpportunityHasNoValueWhereNobodyDeserves) {
  Groups groups({0, 0, 0, 0, 1, 1, 0, 0, 0});
  const auto values = groups.values({1, 0, 0, 0, 1, 1, 1, 0, 0});
  EXPECT_TRUE(has_column(values, "parity_gap"));
  EXPECT_FALSE(has_column(values, "opportunity_gap"));
}

TEST(GroupGaps, HaveNoValueWithoutGroups) {
  Groups groups({1, 1, 0, 0, 1, 1, 1, 1, 0});
  groups.evaluation.sets.pop_back();
  EXPECT_TRUE(groups.values({1, 0, 0, 0, 1, 1, 1, 0, 0}).empty());
}

}  // namespace
}  // namespace oubli
