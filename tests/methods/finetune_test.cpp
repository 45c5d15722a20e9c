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
