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

TEST(NegMerge, OfOneModelIsATaskVector) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.01);
  Model a = make_model("mlp", "{}", *data), b = a.clone();
  const UnlearnReport report = run_method("neg_merge", "{models: 1, epochs: 3}", a, task);
  run_method("task_vector", "{epochs: 3}", b, task);
  EXPECT_LT((a.theta() - b.theta()).abs().max().item<double>(), 1e-15);
  EXPECT_EQ(report.sample_gradients, 30);
}

TEST(NegMerge, MovesOnlyWhereAllAgree) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.01);
  Model model = make_model("mlp", "{}", *data);
  const Tensor before = model.theta().clone();
  const UnlearnReport report = run_method(
      "neg_merge", "{models: 6, epochs: 2, batch_size: 1, lr: 0.2, spread: 1}", model, task);
  const auto moved = model.theta().ne(before).sum().item<std::int64_t>();
  EXPECT_GT(moved, 0);
  EXPECT_LT(moved, model.dim());
  EXPECT_LE(moved, report.details.at("agreeing").get<std::int64_t>());
  EXPECT_EQ(report.sample_gradients, 6 * 2 * 10);
}

}  // namespace
}  // namespace oubli
