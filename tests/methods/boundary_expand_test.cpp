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

Task expanding_task(const std::shared_ptr<const Dataset>& data, const std::string& architecture,
                    const std::string& settings) {
  Task task = removal_task(data, 20, 1e-3);
  task.make_model = [data, architecture, settings](std::int64_t outputs) {
    Dataset like = *data;
    like.outputs = outputs;
    return make_model(architecture, settings, like);
  };
  return task;
}

TEST(BoundaryExpand, WithoutStepsTheOriginalComesBack) {
  const auto data = testing::make_images(40, 1, 8, 3);
  const std::string settings = "{channels: [4, 4], norm: batch}";
  Model model = make_model("convnet", settings, *data);
  const UnlearnReport report = run_method("boundary_expand", "{epochs: 0}", model,
                                          expanding_task(data, "convnet", settings));
  EXPECT_EQ(report.status, UnlearnStatus::kUnchanged);
}

// One step over the whole forget set from a known wider head.
TEST(BoundaryExpand, AStepIsTowardsTheNewClassWithoutIt) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = expanding_task(data, "logistic", "{bias: false}");
  Model model = make_model("logistic", "{bias: false}", *data);
  const Tensor before = model.split(model.theta())[0].clone();
  Generator initialisation = Context(0).generator.stream("initialisation");
  Model wider = task.make_model(4);
  wider.initialise(initialisation);
  const Tensor head = at::cat({before, wider.split(wider.theta())[0].narrow(0, 3, 1)});
  const Batch batch = task.forget.batch(0, 20, at::kDouble);
  const Tensor p = batch.inputs.matmul(head.t()).softmax(1);
  // The gradient in the rows of the old classes is the mean of p_c x.
  const Tensor gradient = p.narrow(1, 0, 3).t().matmul(batch.inputs) / 20;
  run_method("boundary_expand", "{epochs: 1, lr: 0.1, batch_size: 100}", model, task);
  EXPECT_LT((model.split(model.theta())[0] - (before - 0.1 * gradient)).abs().max().item<double>(),
            1e-12);
}

TEST(BoundaryExpand, NeedsAnOutputForEachClass) {
  const auto data = make_dataset(60, 4, 2);
  Task task = expanding_task(data, "logistic", "{}");
  Model model = make_model("logistic", "{}", *data);
  task.recipe.objective.loss = LossKind::kBinaryLogistic;
  EXPECT_THROW(run_method("boundary_expand", "{}", model, task), Error);
}

}  // namespace
}  // namespace oubli
