#include "experiments/engine/plan/training_sets.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/base/settings_file.h"

namespace oubli {
namespace {

Experiment prepared(const std::string& text) {
  const SettingsNode root = parse_settings(text, "test.yaml");
  return prepare_experiment(read_spec(Settings(root), "test.yaml", builtin_registries()), {});
}

class TrainingSets : public ::testing::Test {
 protected:
  TrainingSets()
      : experiment_(prepared(R"(
data: {name: gaussian_classes, classes: 3, features: 4, examples: 91, test_examples: 40}
model: {name: logistic}
train: {epochs: 1}
edit: {remove: {random: {count: 10}}, add: {class_fraction: {class: 1, count: 6}}}
methods: [newton]
measure: [ulira]
)")) {}
  static bool overlap(const Tensor& a, const Tensor& b) {
    return at::isin(a, b).any().item<bool>();
  }
  Experiment experiment_;
};

// What the edit adds is added by the method that is audited, once.
TEST_F(TrainingSets, AnAuditHasNotSeenWhatTheEditAdds) {
  const Task& task = experiment_.task;
  ASSERT_FALSE(overlap(task.train.rows, task.added.rows));
  const Subset audit = training_set(experiment_, StageKind::kAudit, 0);
  EXPECT_FALSE(overlap(audit.rows, task.added.rows));
  Stage stage;
  stage.audit = 0;
  const Task asked = task_of(experiment_, stage);
  EXPECT_TRUE(asked.train.rows.equal(audit.rows));
  EXPECT_TRUE(asked.added.rows.equal(task.added.rows));
  EXPECT_TRUE(rows_union(rows_difference(asked.train.rows, asked.forget.rows), asked.added.rows)
                  .equal(asked.retain.rows));
}

TEST_F(TrainingSets, ShadowsComeInPairsThatCoverThePopulation) {
  const Tensor first = training_set(experiment_, StageKind::kShadow, 4).rows,
               second = training_set(experiment_, StageKind::kShadow, 5).rows;
  EXPECT_FALSE(overlap(first, second));
  const Task& task = experiment_.task;
  EXPECT_TRUE(rows_union(first, second)
                  .equal(rows_union(rows_union(task.train.rows, task.added.rows), task.test.rows)));
  EXPECT_LE(std::abs(first.numel() - second.numel()), 1);
}

// Whatever a method asked of its originals: copies of the network, or a codebook beside a layer.
TEST(TaskOf, MakesModelsLikeTheOriginalsOfItsVariant) {
  const auto expect_alike = [](const Experiment& experiment) {
    const std::size_t variants = experiment.spec.variants.size();
    ASSERT_EQ(variants, 2U);
    for (std::size_t variant = 0; variant < variants; ++variant) {
      Stage stage;
      stage.variant = variant;
      EXPECT_EQ(task_of(experiment, stage).make_model(0).dim(),
                experiment.make_model(variant).dim())
          << variant;
    }
    EXPECT_NE(experiment.make_model(0).dim(), experiment.make_model(1).dim());
  };
  expect_alike(prepared(R"(
data: {name: biographies, people: 5}
model: {name: gpt, layers: 1, width: 4, heads: 1}
train: {epochs: 1}
edit: {change: {facts: {count: 2}}}
methods: [finetune, {grace: {entries: 8}}]
)"));
  expect_alike(prepared(R"(
data: {name: gaussian_classes, classes: 3, features: 4, examples: 90, test_examples: 40}
model: {name: logistic}
train: {epochs: 1}
edit: {remove: {random: {count: 10}}}
methods: [finetune, {sisa: {shards: 3}}]
)"));
}

}  // namespace
}  // namespace oubli
