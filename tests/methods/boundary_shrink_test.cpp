#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/unlearn/accuracy.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

TEST(BoundaryShrink, RelabelsAllToOthersAndAsReleasedOnlyWhatIsMistaken) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 20, 1e-3);
  Model model = make_model("logistic", "{}", *data);
  testing::minimise(model, task.train, task);
  CostMeter cost;
  const double right = accuracy(model, task.forget, task.objective(), cost);
  const auto relabelled = [&](const std::string& settings) {
    Model copy = model.clone();
    return run_method("boundary_shrink", settings, copy, task)
        .details.at("relabelled")
        .get<std::int64_t>();
  };
  EXPECT_EQ(relabelled("{epochs: 1}"), 20);
  // With no way to go the released form says what the original does.
  EXPECT_EQ(relabelled("{epochs: 1, bound: 0, form: released}"), std::lround(20 * (1 - right)));
  // Far enough every example is on the other side.
  EXPECT_EQ(relabelled("{epochs: 1, bound: 1000, form: released}"), 20);
}

TEST(BoundaryShrink, ReachesTheBoundaryOfALinearModelWhereTheBoundSays) {
  // Two classes: moving each input by b against the sign of w2 - w1 changes the difference of the
  // scores by b |w2 - w1|_1.
  const auto data = make_dataset(80, 4, 2);
  const Task task = removal_task(data, 30, 1e-3);
  Model model = make_model("logistic", "{}", *data);
  testing::minimise(model, task.train, task);
  const Batch batch = task.forget.batch(0, 30, at::kDouble);
  const Tensor scores = model.forward(batch.inputs);
  const Tensor margin = scores.gather(1, batch.targets.unsqueeze(1)).squeeze(1) -
                        scores.gather(1, (1 - batch.targets).unsqueeze(1)).squeeze(1);
  const Tensor weights = model.split(model.theta())[0];
  const double reach = 0.3 * (weights[1] - weights[0]).abs().sum().item<double>();
  const auto mistaken = margin.lt(reach).sum().item<std::int64_t>();
  ASSERT_GT(mistaken, 0);
  ASSERT_LT(mistaken, 30);
  const UnlearnReport report =
      run_method("boundary_shrink", "{bound: 0.3, form: released, epochs: 0}", model, task);
  EXPECT_EQ(report.details.at("relabelled"), mistaken);
}

TEST(BoundaryShrink, RaisesTheLossOnWhatItForgets) {
  const auto data = make_dataset(80, 4, 3);
  const Task task = removal_task(data, 30, 1e-3);
  Model model = make_model("mlp", "{}", *data);
  testing::minimise(model, task.train, task);
  CostMeter cost;
  const double before = value_only(model, task.forget, task.objective(), cost).loss;
  run_method("boundary_shrink", "{lr: 0.01, epochs: 5}", model, task);
  EXPECT_GT(value_only(model, task.forget, task.objective(), cost).loss, before);
}

}  // namespace
}  // namespace oubli
