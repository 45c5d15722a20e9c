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

TEST(MaskedSmallGradients, OfNothingAtFullSpeedIsFinetune) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.1);
  Model a = make_model("mlp", "{hidden: [7]}", *data), b = a.clone();
  run_method("masked_small_gradients", "{share: 0, slow: 1, epochs: 2, batch_size: 16}", a, task);
  run_method("finetune", "{epochs: 2, lr: 1.0e-3, batch_size: 16}", b, task);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

TEST(MaskedSmallGradients, DrawsTheShareOfEachMatrixAnewAndNothingElse) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.1);
  Model model = make_model("mlp", "{hidden: [7]}", *data);
  const Tensors before = model.split(model.theta().clone());
  const UnlearnReport report =
      run_method("masked_small_gradients", "{share: 0.5, epochs: 0}", model, task);
  EXPECT_EQ(report.details.at("drawn"), 14 + 10);  // of 7 x 4 and of 3 x 7
  for (std::size_t i = 0; i < before.size(); ++i) {
    const bool is_weight = model.parameter_infos()[i].is_weight();
    const auto moved = model.parameters()[i].ne(before[i]).sum().item<std::int64_t>();
    EXPECT_EQ(moved, is_weight ? before[i].numel() / 2 : 0) << model.parameter_infos()[i].name;
  }
}

TEST(MaskedSmallGradients, DrawsInKernelsAloneWhereThereAreSome) {
  const auto data = testing::make_images(40, 1, 8, 3);
  Model model = make_model("convnet", "{channels: [4, 4], norm: batch}", *data);
  const Tensors before = model.split(model.theta().clone());
  run_method("masked_small_gradients", "{share: 1, epochs: 0}", model, removal_task(data, 10, 0));
  for (std::size_t i = 0; i < before.size(); ++i) {
    const bool is_kernel = before[i].dim() == 4;
    EXPECT_EQ(model.parameters()[i].ne(before[i]).all().item<bool>(), is_kernel);
    EXPECT_EQ(model.parameters()[i].equal(before[i]), !is_kernel);
  }
}

TEST(MaskedSmallGradients, WhatIsSlowedToNothingKeepsItsBits) {
  const auto data = make_dataset(60, 4, 3);
  Model model = make_model("mlp", "{}", *data);
  const UnlearnReport report = run_method("masked_small_gradients", "{share: 0, slow: 0}", model,
                                          removal_task(data, 10, 0.1));
  EXPECT_EQ(report.status, UnlearnStatus::kUnchanged);
}

}  // namespace
}  // namespace oubli
