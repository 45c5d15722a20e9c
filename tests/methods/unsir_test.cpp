#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/unlearn/accuracy.h"
#include "experiments/selftest/problems.h"
#include "tests/support/files.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::class_removal_task;
using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

TEST(Unsir, WithoutNoiseIsFinetuneTwice) {
  const auto data = make_dataset(90, 4, 3);
  const Task task = class_removal_task(data, 1, 0.1);
  Model a = make_model("mlp", "{}", *data), b = a.clone();
  run_method("unsir",
             "{copies: 0, noise_steps: 0, epochs: 3, batch_size: 16, optimizer: sgd, lr: 0.1, "
             "repair_epochs: 0}",
             a, task);
  run_method("finetune", "{epochs: 3, batch_size: 16, lr: 0.1}", b, task);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

TEST(Unsir, ItsNoiseIsWhatTheClassIsWorstAt) {
  const auto data = make_dataset(300, 4, 3);
  const Task task = class_removal_task(data, 1, 1e-3);
  Model model = make_model("mlp", "{hidden: [20]}", *data);
  testing::minimise(model, task.train, task);
  const Tensor before = model.theta().clone();
  const UnlearnReport report =
      run_method("unsir", "{epochs: 0, repair_epochs: 0, noise_examples: 64}", model, task);
  const Json& noise = report.details.at("noise");
  ASSERT_EQ(noise.size(), 1u);
  EXPECT_GT(noise[0].at("last_loss").get<double>(), 2 * noise[0].at("first_loss").get<double>());
  EXPECT_TRUE(model.theta().equal(before)) << "the noise alone changes no parameter";
}

TEST(Unsir, RepairsOnTheOtherClasses) {
  const auto data = make_dataset(300, 4, 3);
  const Task task = class_removal_task(data, 1, 1e-3);
  Model model = make_model("mlp", "{hidden: [20]}", *data);
  testing::minimise(model, task.train, task);
  CostMeter cost;
  const double before = accuracy(model, task.retain, task.objective(), cost);
  run_method("unsir", "{copies: 4, repair_epochs: 5, noise_examples: 64}", model, task);
  EXPECT_GT(accuracy(model, task.retain, task.objective(), cost), before - 0.15);
}

TEST(Unsir, IsForWholeClasses) {
  const auto data = make_dataset(60, 4, 3);
  Model model = make_model("mlp", "{}", *data);
  const std::string message = testing::error_of(
      ErrorKind::kTask, [&] { run_method("unsir", "{}", model, removal_task(data, 10, 0)); });
  EXPECT_NE(message.find("whole classes"), std::string::npos) << message;
}

}  // namespace
}  // namespace oubli
