#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/metric_values.h"

namespace oubli {
namespace {

using testing::value_of;

struct Triggered {
  Triggered() {
    auto data = std::make_shared<Dataset>();
    data->targets = at::tensor({0, 1, 2, 0, 1, 2, 0, 1}, at::kLong);
    data->true_targets = data->targets;
    data->inputs = at::zeros({8, 1});
    data->outputs = 3;
    evaluation.dataset = data;
    evaluation.sets = {{"test", at::arange(4)}, {"triggered", at::arange(4, 8)}};
    evaluation.planted.target = 2;
  }
  std::vector<MetricValue> values(const std::vector<std::int64_t>& predicted) {
    ModelOutcome model;
    model.predictions =
        Predictions(evaluation.dataset, LossKind::kCrossEntropy,
                    at::one_hot(at::tensor(predicted, at::kLong), 3).to(at::kDouble));
    return builtin_metrics().find("backdoor").compute({.evaluation = evaluation, .model = model});
  }
  Evaluation evaluation;
};

// Only what is predicted on triggered examples counts, and only the target.
TEST(Backdoor, CountsPredictionsOfTheTarget) {
  Triggered triggered;
  EXPECT_EQ(value_of(triggered.values({2, 2, 2, 2, 2, 0, 2, 1}), "attack_success"), 0.5);
  EXPECT_EQ(value_of(triggered.values({2, 2, 2, 2, 0, 1, 0, 1}), "attack_success"), 0);
  EXPECT_EQ(value_of(triggered.values({0, 0, 0, 0, 2, 2, 2, 2}), "attack_success"), 1);
}

TEST(Backdoor, HasNoValueWhereNoTriggerWasPlanted) {
  Triggered none;
  none.evaluation.sets.pop_back();
  EXPECT_TRUE(none.values({2, 2, 2, 2, 2, 2, 2, 2}).empty());
  Triggered without_target;
  without_target.evaluation.planted.target.reset();
  EXPECT_TRUE(without_target.values({2, 2, 2, 2, 2, 2, 2, 2}).empty());
}

}  // namespace
}  // namespace oubli
