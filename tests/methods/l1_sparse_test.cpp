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

TEST(L1Sparse, WithoutPenaltyIsFinetune) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.01);
  Model a = make_model("mlp", "{}", *data), b = a.clone();
  run_method("l1_sparse", "{gamma: 0, epochs: 2, batch_size: 16}", a, task);
  run_method("finetune", "{epochs: 2, batch_size: 16}", b, task);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

TEST(L1Sparse, OnlyTheProximalFormReachesZero) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.01);
  const std::string settings = "gamma: 0.05, epochs: 20, lr: 0.05, batch_size: 50";
  Model proximal = make_model("mlp", "{}", *data), subgradient = proximal.clone();
  const UnlearnReport report =
      run_method("l1_sparse", "{form: proximal, " + settings + "}", proximal, task);
  run_method("l1_sparse", "{form: subgradient, " + settings + "}", subgradient, task);
  EXPECT_GT(proximal.theta().eq(0).sum().item<std::int64_t>(), 0);
  EXPECT_EQ(subgradient.theta().eq(0).sum().item<std::int64_t>(), 0);
  EXPECT_GT(report.details.at("share_of_zeros").get<double>(), 0);
}

// Two steps over the whole set: the second at half the penalty.
TEST(L1Sparse, TheProximalStepIsSoftThresholding) {
  const auto data = make_dataset(40, 6, 0);
  const Task task = removal_task(data, 0, 0);
  Model model = make_model("linear", "{bias: false}", *data);
  Model expected = model.clone();
  CostMeter cost;
  for (const double gamma : {1.0, 0.5}) {
    const Tensor gradient =
        value_and_gradient(expected, task.retain, task.objective(), cost).gradient;
    const Tensor plain = expected.theta() - 0.1 * gradient;
    expected.set_theta(plain.sign() * (plain.abs() - 0.1 * gamma).clamp_min(0));
  }
  const UnlearnReport report = run_method(
      "l1_sparse", "{form: proximal, gamma: 1, epochs: 2, lr: 0.1, momentum: 0, batch_size: 40}",
      model, task);
  EXPECT_LT((model.theta() - expected.theta()).abs().max().item<double>(), 1e-14);
  EXPECT_GT(report.details.at("share_of_zeros").get<double>(), 0) << "the test needs a threshold";
}

TEST(L1Sparse, WhatIsPrunedStaysZero) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.01);
  Model model = make_model("logistic", "{}", *data);
  const Tensor before = model.theta().clone();
  run_method("l1_sparse", "{prune: 0.5, gamma: 0, epochs: 3, batch_size: 16}", model, task);
  const Tensor weights = model.split(model.theta())[0];
  EXPECT_EQ(weights.eq(0).sum().item<std::int64_t>(), 6) << "half of 12 weights, no bias";
  const Tensor sizes = model.split(before)[0].abs();
  EXPECT_LE(sizes.index({weights.eq(0)}).max().item<double>(),
            sizes.index({weights.ne(0)}).min().item<double>());
}

}  // namespace
}  // namespace oubli
