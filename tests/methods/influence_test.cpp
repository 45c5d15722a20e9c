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

// Ridge, one point of leverage h removed: influence is the exact step times (1 - h), where the
// exact step is that of a regulariser with fixed total strength.
TEST(Influence, OnRidgeIsTheExactStepTimesOneMinusLeverage) {
  const auto data = make_dataset(50, 5, 0);
  const double l2 = 0.02, n = 50;
  const Task task = removal_task(data, 1, l2);
  const Tensor& x = data->inputs;
  const Tensor& y = data->targets;
  const Tensor a = x.t().mm(x) + n * l2 * at::eye(5, at::kDouble);
  const Tensor theta = at::linalg_solve(a, x.t().mm(y)).flatten();
  Model model = make_model("linear", "{bias: false}", *data);
  model.set_theta(theta);
  run_method("influence", "{damping: 0, tolerance: 1e-14}", model, task);
  const Tensor x0 = x[0];
  const Tensor kept = a - at::outer(x0, x0);
  const Tensor exact = at::linalg_solve(kept, x.t().mm(y) - (x0 * y[0]).unsqueeze(1)).flatten();
  const double h = x0.dot(at::linalg_solve(a, x0.unsqueeze(1)).flatten()).item<double>();
  const Tensor expected = theta + (1 - h) * (exact - theta);
  EXPECT_LT((model.theta() - expected).abs().max().item<double>(), 1e-12);
}

TEST(Influence, NothingRemovedChangesNothing) {
  const auto data = make_dataset(60, 4, 3);
  Model model = make_model("mlp", "{}", *data);
  const Tensor before = model.theta().clone();
  run_method("influence", "{}", model, removal_task(data, 0, 0.01));
  EXPECT_TRUE(model.theta().equal(before));
}

}  // namespace
}  // namespace oubli
