#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/unlearn/saliency.h"
#include "experiments/selftest/problems.h"
#include "tests/support/files.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

TEST(Masked, RandomLabelsAreSalUn) {
  const auto data = make_dataset(60, 4, 3);
  Task task = removal_task(data, 10, 0.1);
  task.recipe.batch_size = 16;
  Model a = make_model("mlp", "{}", *data), b = a.clone();
  const UnlearnReport report = run_method(
      "masked", "{share: 0.3, method: {random_labels: {epochs: 2, lr: 0.013}}}", a, task);
  const UnlearnReport salun = run_method("salun", "{share: 0.3, epochs: 2}", b, task);
  EXPECT_TRUE(a.theta().equal(b.theta()));
  EXPECT_EQ(report.details.at("moved"), salun.details.at("moved"));
  EXPECT_EQ(report.sample_gradients, salun.sample_gradients);
}

TEST(Masked, WhatIsHeldKeepsItsBitsWhateverTheMethod) {
  const auto data = make_dataset(60, 4, 3);
  Task task = removal_task(data, 10, 0.1);
  for (const std::string method :
       {"newton: {damping: 1}", "fisher_forgetting: {alpha: 1.0e-3}", "finetune: {epochs: 2}",
        "masked_small_gradients: {share: 1}", "task_vector: {epochs: 1}"}) {
    Model model = make_model("mlp", "{hidden: [7]}", *data);
    const Tensor before = model.theta().clone();
    CostMeter cost;
    const Tensor mask = largest(
        gradient_saliency(model, task.forget, task.objective(), task.recipe.batch_size, cost),
        0.25);
    run_method("masked", "{share: 0.25, method: {" + method + "}}", model, task);
    const Tensor moved = model.theta().ne(before);
    EXPECT_TRUE(moved.any().item<bool>()) << method;
    EXPECT_FALSE((moved & ~mask).any().item<bool>()) << method;
  }
}

TEST(Masked, RefusesTrainingFromScratch) {
  const auto data = make_dataset(60, 4, 3);
  Model model = make_model("mlp", "{}", *data);
  const std::string message = testing::error_of(ErrorKind::kSettings, [&] {
    run_method("masked", "{method: retrain}", model, removal_task(data, 10, 0));
  });
  EXPECT_NE(message.find("from scratch"), std::string::npos) << message;
}

}  // namespace
}  // namespace oubli
