#include <gtest/gtest.h>

#include "core/unlearn/initial_training.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

TEST(Retrain, WithNothingRemovedAndTheSameSeedIsTheOriginal) {
  const auto data = testing::make_dataset(60, 4, 3);
  Task task = testing::removal_task(data, 0, 0.01);
  task.recipe.optimizer = {.name = "sgd", .lr = 0.1};
  task.recipe.epochs = 2;
  Model original = testing::make_model("mlp", "{}", *data);
  Model other = testing::make_model("mlp", "{}", *data, 99);
  Context context(5);
  train_from_start(original, task.train, task.recipe, context);
  testing::run_method("retrain", "{}", other, task, 5);
  EXPECT_TRUE(original.theta().equal(other.theta()));
}

TEST(Retrain, DoesNotDependOnTheOriginalsParameters) {
  const auto data = testing::make_dataset(60, 4, 3);
  const Task task = testing::removal_task(data, 10, 0.01);
  Model a = testing::make_model("logistic", "{}", *data, 1);
  Model b = testing::make_model("logistic", "{}", *data, 2);
  testing::run_method("retrain", "{}", a, task);
  testing::run_method("retrain", "{}", b, task);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

}  // namespace
}  // namespace oubli
