#include "experiments/engine/plan/training_sets.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/base/settings_file.h"

namespace oubli {
namespace {

class TrainingSets : public ::testing::Test {
 protected:
  TrainingSets() {
    const SettingsNode root = parse_settings(R"(
data: {name: gaussian_classes, classes: 3, features: 4, examples: 91, test_examples: 40}
model: {name: logistic}
train: {epochs: 1}
edit: {remove: {random: {count: 10}}, add: {class_fraction: {class: 1, count: 6}}}
methods: [newton]
measure: [ulira]
)",
                                             "test.yaml");
    experiment_ =
        prepare_experiment(read_spec(Settings(root), "test.yaml", builtin_registries()), {});
  }
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

}  // namespace
}  // namespace oubli
