#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/data/drawing.h"
#include "core/unlearn/saliency.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

TEST(SalUn, WhatIsHeldKeepsItsBits) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.1);
  for (const std::string optimizer : {"sgd", "adam", "adamw"}) {
    Model model = make_model("mlp", "{hidden: [7]}", *data);
    const Tensor before = model.theta().clone();
    CostMeter cost;
    const Tensor mask =
        largest(gradient_saliency(model, task.forget, task.objective(), 16, cost), 0.3);
    EXPECT_EQ(mask.sum().item<std::int64_t>(),
              static_cast<std::int64_t>(0.3 * static_cast<double>(model.dim())));
    const UnlearnReport report =
        run_method("salun", "{share: 0.3, epochs: 3, batch_size: 16, optimizer: " + optimizer + "}",
                   model, task);
    const Tensor moved = model.theta().ne(before);
    EXPECT_FALSE((moved & ~mask).any().item<bool>()) << optimizer;
    EXPECT_EQ(report.details.at("moved"), moved.sum().item<std::int64_t>());
  }
}

TEST(SalUn, OfAllParametersIsRandomLabels) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.1);
  Model a = make_model("mlp", "{}", *data), b = a.clone(), c = a.clone();
  run_method("salun", "{share: 1, epochs: 2, batch_size: 16}", a, task);
  run_method("random_labels", "{epochs: 2, batch_size: 16, lr: 0.013}", b, task);
  EXPECT_TRUE(a.theta().equal(b.theta()));
  run_method("salun", "{share: 1, form: soft, epochs: 2, batch_size: 16}", c, task);
  EXPECT_TRUE(c.theta().equal(b.theta()));
}

// Two steps over all, labels drawn once: behind the first the smallest 0.4 of the differences
// are cut, behind the second the smallest 0.2, and the others shrunk by as much.
TEST(SalUn, SoftShrinksTheDifferencesByTheirQuantile) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0);
  Model model = make_model("mlp", "{hidden: [7]}", *data), expected = model.clone();
  const Tensor start = model.theta().clone();
  Generator labels = Context(0).generator.stream("labels");
  const Tensor truth = data->targets.index_select(0, task.forget.rows);
  const Subset all = task.forget.with_targets(other_labels(truth, 3, labels))
                         .with_rows(rows_union(task.forget.rows, task.retain.rows));
  CostMeter cost;
  for (const double cut : {0.4, 0.2}) {
    expected.add_to_theta(value_and_gradient(expected, all, task.objective(), cost).gradient, -0.1);
    const Tensor difference = expected.theta() - start;
    const Tensor sizes = std::get<0>(difference.abs().sort());
    const auto count = static_cast<std::int64_t>(cut * static_cast<double>(model.dim()));
    const Tensor left = (difference.abs() - sizes[count - 1]).clamp_min(0);
    expected.set_theta(start + difference.sign() * left);
  }
  const UnlearnReport report =
      run_method("salun",
                 "{form: soft, share: 0.6, draw: once, epochs: 2, batch_size: 60, lr: 0.1, "
                 "momentum: 0}",
                 model, task);
  EXPECT_LT((model.theta() - expected.theta()).abs().max().item<double>(), 1e-14);
  EXPECT_LT(report.details.at("moved").get<std::int64_t>(), model.dim());
  EXPECT_GT(report.details.at("moved").get<std::int64_t>(), 0);
}

TEST(SalUn, OfNoParameterIsTheIdentity) {
  const auto data = make_dataset(60, 4, 3);
  Model model = make_model("mlp", "{}", *data);
  const UnlearnReport report =
      run_method("salun", "{share: 0, epochs: 2}", model, removal_task(data, 10, 0.1));
  EXPECT_EQ(report.status, UnlearnStatus::kUnchanged);
}

TEST(SalUn, RunningStatisticsMoveUnderAMask) {
  const auto data = testing::make_images(60, 1, 8, 3);
  const Task task = removal_task(data, 20, 0.1);
  for (const double share : {0.0, 0.3}) {
    Model model = make_model("convnet", "{channels: [4, 4], norm: batch}", *data);
    const Model before = model.clone();
    CostMeter cost;
    const Tensor mask =
        largest(gradient_saliency(model, task.forget, task.objective(), 16, cost), share);
    const UnlearnReport report = run_method(
        "salun", fmt::format("{{share: {}, epochs: 2, batch_size: 16}}", share), model, task);
    EXPECT_EQ(report.status, UnlearnStatus::kCompleted) << report.message;
    EXPECT_FALSE((model.theta().ne(before.theta()) & ~mask).any().item<bool>()) << share;
    EXPECT_EQ(model.theta().equal(before.theta()), share == 0);
    bool have_moved = false;
    for (std::size_t k = 0; k < model.buffers().size(); ++k) {
      have_moved = have_moved || !model.buffers()[k].equal(before.buffers()[k]);
    }
    EXPECT_TRUE(have_moved) << share;
  }
}

// Held parameters decay as theta <- (1 - lr l2) theta, with momentum as heavy-ball; the others go
// as under the mask that holds.
TEST(SalUn, TheReleasedMaskLetsDecayThrough) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.1);
  Model model = make_model("mlp", "{hidden: [7]}", *data);
  const Tensor before = model.theta().clone();
  CostMeter cost;
  const Tensor mask =
      largest(gradient_saliency(model, task.forget, task.objective(), 60, cost), 0.3);
  run_method("salun",
             "{share: 0.3, form: released, draw: once, epochs: 2, batch_size: 60, lr: 0.1, "
             "momentum: 0.9}",
             model, task);
  // Two steps: theta_1 = 0.99 theta, v = 0.1 theta; theta_2 = theta_1 - 0.1 (0.9 v + 0.1 theta_1).
  const double left = 0.99 - 0.1 * (0.9 * 0.1 + 0.1 * 0.99);
  const Tensor error = (model.theta() - left * before).masked_select(~mask);
  EXPECT_LT(error.abs().max().item<double>(), 1e-14);
  EXPECT_TRUE(
      (model.theta() - left * before).masked_select(mask).abs().gt(1e-6).all().item<bool>());
}

TEST(SalUn, TheMaskTakesTiesByTheirPlace) {
  const Tensor values = at::tensor({1.0, 3.0, 2.0, 2.0, 2.0, 0.0}, at::kDouble);
  const Tensor mask = largest(values, 0.5);
  EXPECT_TRUE(mask.equal(at::tensor({0, 1, 1, 1, 0, 0}).to(at::kBool)));
}

}  // namespace
}  // namespace oubli
