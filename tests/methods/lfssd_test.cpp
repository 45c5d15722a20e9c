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

TEST(Lfssd, SeesNoLabels) {
  const auto data = make_dataset(60, 4, 3);
  auto other = std::make_shared<Dataset>(*data);
  other->targets = (data->targets + 1).remainder(3);
  Model a = make_model("mlp", "{}", *data), b = a.clone();
  run_method("lfssd", "{alpha: 1.1}", a, removal_task(data, 10, 0.1));
  run_method("lfssd", "{alpha: 1.1}", b, removal_task(other, 10, 0.1));
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

// A power of two, so that nothing is rounded: the sensitivities of both sets have one factor.
TEST(Lfssd, ACommonFactorOnAllOutputsChangesNoChoice) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.1);
  Model a = make_model("mlp", "{hidden: [5]}", *data), b = a.clone();
  const auto scale_outputs = [](Model& model) {
    Tensor theta = model.theta().clone();
    for (const std::size_t last : {2, 3}) model.split(theta)[last].mul_(4);
    model.set_theta(theta);
  };
  scale_outputs(b);
  const UnlearnReport report = run_method("lfssd", "{alpha: 1.1}", a, task);
  EXPECT_GT(report.details.at("dampened").get<std::int64_t>(), 0);
  EXPECT_EQ(run_method("lfssd", "{alpha: 1.1}", b, task).details.at("dampened"),
            report.details.at("dampened"));
  scale_outputs(a);
  EXPECT_LT(testing::relative_distance(b.theta(), a.theta()), 1e-14);
}

// By hand on a linear map y = W x: d ||y||^2 / dW = 2 y x', of which the mean of absolute values.
TEST(Lfssd, IsTheMeanOfAbsoluteDerivatives) {
  const auto data = make_dataset(30, 4, 0);
  const Task task = removal_task(data, 6, 0.1);
  Model model = make_model("linear", "{bias: false}", *data);
  const auto importance = [&](const Subset& set) {
    const Batch batch = set.batch(0, set.size(), at::kDouble);
    return (2 * model.forward(batch.inputs) * batch.inputs).abs().mean(0);
  };
  const Tensor all = importance(task.train), forget = importance(task.forget);
  const Tensor chosen = forget > all;
  const Tensor expected = at::where(chosen, model.theta() * all / forget, model.theta());
  const UnlearnReport report = run_method("lfssd", "{alpha: 1}", model, task);
  EXPECT_LT((model.theta() - expected).abs().max().item<double>(), 1e-14);
  EXPECT_EQ(report.sample_gradients, 36);
}

}  // namespace
}  // namespace oubli
