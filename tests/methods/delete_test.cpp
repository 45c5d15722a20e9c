#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/unlearn/teacher.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

// With a logistic model of as many examples as parameters the minimum q is reached exactly.
TEST(Delete, ReachesTheOriginalsPredictionWithoutTheTrueClass) {
  const auto data = make_dataset(30, 4, 3);
  Task task = removal_task(data, 3, 0);
  Model model = make_model("logistic", "{}", *data);
  const Batch forget = task.forget.batch(0, 3, at::kDouble);
  const Tensor p = model.forward(forget.inputs).softmax(1);
  Tensor q = p.scatter(1, forget.targets.unsqueeze(1), 0.0);
  q = q / q.sum(1, true);
  run_method("delete", "{epochs: 30000, lr: 1.0, momentum: 0.9}", model, task);
  const Tensor reached = model.forward(forget.inputs).softmax(1);
  // The true class's score falls without end, ever more slowly.
  EXPECT_LT((reached - q).abs().max().item<double>(), 1e-2);
}

TEST(Delete, HasNoGradientAtItsTarget) {
  Generator generator(1);
  const Tensor scores = generator.normal({5, 4}, at::kDouble);
  const Tensor q = scores.softmax(1);
  const Tensor at_target = divergence_to({LossKind::kCrossEntropy, 0}, q, scores);
  EXPECT_LT(at_target.abs().max().item<double>(), 1e-15);
  const Tensor elsewhere = divergence_to({LossKind::kCrossEntropy, 0}, q, 2 * scores);
  EXPECT_GT(elsewhere.min().item<double>(), 0);
}

TEST(Delete, CostsAForwardPassBesidesEachGradient) {
  const auto data = make_dataset(30, 4, 3);
  Model model = make_model("mlp", "{}", *data);
  const UnlearnReport report =
      run_method("delete", "{epochs: 3}", model, removal_task(data, 6, 0.01));
  EXPECT_NEAR(report.sample_gradients, 3 * 6 * 4.0 / 3.0, 1e-9);
}

}  // namespace
}  // namespace oubli
