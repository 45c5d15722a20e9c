#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

TEST(BadTeacher, WithNothingToForgetHasNoGradient) {
  const auto data = make_dataset(60, 4, 3);
  Task task = removal_task(data, 10, 0.01);
  task.forget = task.forget.with_rows(at::empty({0}, at::kLong));
  Model model = make_model("mlp", "{}", *data);
  const Tensor before = model.theta().clone();
  run_method("bad_teacher", "{optimizer: sgd, lr: 1.0, epochs: 3}", model, task);
  EXPECT_LT((model.theta() - before).abs().max().item<double>(), 1e-14);
}

TEST(BadTeacher, PullsTheForgetSetTowardsTheUntrainedModel) {
  const auto data = make_dataset(120, 4, 3);
  const Task task = removal_task(data, 20, 1e-3);
  Model model = make_model("mlp", "{hidden: [20]}", *data);
  testing::minimise(model, task.train, task);
  const Batch forget = task.forget.batch(0, 20, at::kDouble);
  const auto entropy = [&] {
    const Tensor p = model.forward(forget.inputs).softmax(1);
    return -(p * p.log()).sum(1).mean().item<double>();
  };
  const double before = entropy();
  run_method("bad_teacher", "{epochs: 30, lr: 0.01, batch_size: 16}", model, task);
  EXPECT_GT(entropy(), before + 0.1);
}

TEST(BadTeacher, StopsWithinItsOnlyEpoch) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.01);
  const Methods methods = builtin_methods();
  const MethodInfo& info = methods.find("bad_teacher");
  const auto method =
      info.make(Settings(parse_settings("{epochs: 1, batch_size: 5}", "test")), methods);
  Model model = make_model("mlp", "{}", *data);
  Context context(0);
  context.budget = 16;  // of which two batches take 50 / 3
  const UnlearnReport report = run_unlearner(info, *method, model, task, context);
  EXPECT_EQ(report.status, UnlearnStatus::kStopped);
  EXPECT_NEAR(report.sample_gradients, 50.0 / 3.0, 1e-9);
}

TEST(BadTeacher, CountsBothTeachers) {
  const auto data = make_dataset(60, 4, 3);
  Model model = make_model("mlp", "{}", *data);
  const UnlearnReport report = run_method("bad_teacher", "{epochs: 2, retain_share: 0.5}", model,
                                          removal_task(data, 10, 0.01));
  EXPECT_NEAR(report.sample_gradients, 2 * (10 + 25) * 5.0 / 3.0, 1e-9);
}

}  // namespace
}  // namespace oubli
