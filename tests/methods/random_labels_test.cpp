#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/data/drawing.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

TEST(RandomLabels, AreUniformOverAllOrOverTheOtherClasses) {
  Generator generator(0);
  const Tensor truth = at::zeros({30000}, at::kLong);
  const Tensor all = at::bincount(random_labels(30000, 3, generator), {}, 3);
  const Tensor others = at::bincount(other_labels(truth, 3, generator), {}, 3);
  // 0.05 of 10,000 and of 15,000: six and seven standard deviations.
  EXPECT_LT((all - 10000).abs().max().item<double>(), 500);
  EXPECT_EQ(others[0].item<std::int64_t>(), 0);
  EXPECT_LT((others[1] - 15000).abs().item<double>(), 500);
}

TEST(RandomLabels, LeaveTheDataSetAlone) {
  const auto data = make_dataset(60, 4, 3);
  const Tensor truth = data->targets.clone();
  for (const std::string draw : {"once", "each_time"}) {
    Model model = make_model("mlp", "{}", *data);
    const Tensor before = model.theta().clone();
    const UnlearnReport report =
        run_method("random_labels", "{draw: " + draw + ", epochs: 2, batch_size: 16}", model,
                   removal_task(data, 10, 0.01));
    EXPECT_EQ(report.sample_gradients, 2 * 60);
    EXPECT_FALSE(model.theta().equal(before));
    EXPECT_TRUE(data->targets.equal(truth));
  }
}

TEST(RandomLabels, ForgetWhatWasLearnt) {
  const auto data = make_dataset(120, 4, 3);
  const Task task = removal_task(data, 20, 0);
  Model model = make_model("mlp", "{hidden: [30]}", *data);
  testing::minimise(model, task.train, task);
  CostMeter cost;
  const double before = value_only(model, task.forget, task.objective(), cost).loss;
  run_method("random_labels", "{epochs: 20, batch_size: 32, lr: 0.05}", model, task);
  EXPECT_GT(value_only(model, task.forget, task.objective(), cost).loss, before + 0.3);
}

TEST(RandomLabels, AreForClasses) {
  const auto data = make_dataset(30, 4, 0);
  Model model = make_model("linear", "{}", *data);
  EXPECT_THROW(run_method("random_labels", "{}", model, removal_task(data, 5, 0)), Error);
}

}  // namespace
}  // namespace oubli
