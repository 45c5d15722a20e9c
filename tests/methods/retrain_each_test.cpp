#include <gtest/gtest.h>

#include "core/unlearn/initial_training.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_model;
using testing::run_method;

TEST(RetrainEach, IsRetrainingAtTheFirstRequestAndFromTheSameSeedAtTheNext) {
  const auto data = testing::make_dataset(60, 4, 3);
  Task task = testing::removal_task(data, 10, 0.01);
  task.recipe.optimizer = {.name = "sgd", .lr = 0.1};
  task.recipe.epochs = 2;
  Model first = make_model("mlp", "{}", *data), plain = first.clone();
  const UnlearnReport report = run_method("retrain_each", "{}", first, task, 5);
  run_method("retrain", "{}", plain, task, 5);
  EXPECT_TRUE(first.theta().equal(plain.theta()));
  EXPECT_EQ(report.details.at("retrained"), true);
  EXPECT_EQ(report.details.at("retrainings"), 1);
  EXPECT_EQ(report.sample_gradients, 100);

  // The next request comes with another seed, and nothing to remove: the same model again.
  Task next = task;
  next.train = task.retain;
  next.forget = task.forget.with_rows(at::empty({0}, at::kLong));
  next.state = report.state;
  Model second = first.clone(), fresh = first.clone();
  const UnlearnReport again = run_method("retrain_each", "{}", second, next, 6);
  EXPECT_TRUE(second.theta().equal(first.theta()));
  EXPECT_EQ(again.details.at("retrainings"), 2);
  run_method("retrain", "{}", fresh, next, 6);
  EXPECT_FALSE(fresh.theta().equal(first.theta()));

  // With rows removed it is training from that seed on what is left.
  next.retain = next.retain.with_rows(at::arange(20, 60));
  Model third = first.clone(), scratch = first.clone();
  run_method("retrain_each", "{}", third, next, 7);
  Context context(5);
  train_from_start(scratch, next.retain, next.recipe, context);
  EXPECT_TRUE(third.theta().equal(scratch.theta()));
}

}  // namespace
}  // namespace oubli
