#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

TEST(Finetune, ZeroEpochsChangeNothing) {
  const auto data = testing::make_dataset(60, 4, 3);
  Model model = testing::make_model("mlp", "{}", *data);
  const Tensor before = model.theta().clone();
  testing::run_method("finetune", "{epochs: 0}", model, testing::removal_task(data, 10, 0.01));
  EXPECT_TRUE(model.theta().equal(before));
}

TEST(Finetune, StaysWhereTheGradientIsZero) {
  auto data = std::make_shared<Dataset>(*testing::make_dataset(60, 4, 0));
  data->targets = at::zeros_like(data->targets);
  Model model = testing::make_model("linear", "{}", *data);
  model.set_theta(at::zeros_like(model.theta()));
  const UnlearnReport report =
      testing::run_method("finetune", "{epochs: 3, lr: 0.5, batch_size: 8}", model,
                          testing::removal_task(data, 10, 0.1));
  EXPECT_EQ(report.status, UnlearnStatus::kUnchanged);
}

// A seed that is set again each epoch gives one order for all of them.
TEST(Finetune, TakesANewOrderEachEpoch) {
  const auto data = testing::make_dataset(60, 4, 3);
  const Task task = testing::removal_task(data, 10, 0.01);
  Model at_once = testing::make_model("logistic", "{}", *data), repeated = at_once.clone();
  const std::string settings = "batch_size: 5, momentum: 0, lr: 0.1}";
  testing::run_method("finetune", "{epochs: 2, " + settings, at_once, task);
  for (int i = 0; i < 2; ++i) {
    testing::run_method("finetune", "{epochs: 1, " + settings, repeated, task);
  }
  EXPECT_GT(testing::relative_distance(at_once.theta(), repeated.theta()), 1e-6);
}

TEST(Finetune, RunLongOnAConvexObjectiveIsRetraining) {
  const auto data = testing::make_dataset(100, 4, 3);
  const Task task = testing::removal_task(data, 20, 0.1);
  Model oracle = testing::make_model("logistic", "{}", *data);
  testing::minimise(oracle, task.retain, task);
  Model model = testing::make_model("logistic", "{}", *data, 8);
  testing::run_method("finetune", "{epochs: 2000, lr: 0.2, momentum: 0, batch_size: 80}", model,
                      task);
  EXPECT_LT(testing::relative_distance(model.theta(), oracle.theta()), 1e-9);
}

TEST(Finetune, CostsTheRetainSetTimesTheEpochs) {
  const auto data = testing::make_dataset(100, 4, 3);
  Model model = testing::make_model("logistic", "{}", *data);
  const UnlearnReport report =
      testing::run_method("finetune", "{epochs: 3}", model, testing::removal_task(data, 20, 0.1));
  EXPECT_EQ(report.sample_gradients, 3 * 80);
}

}  // namespace
}  // namespace oubli
