#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/nn/parameter_groups.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

TEST(CfK, WhatIsFrozenKeepsItsBits) {
  const auto data = make_dataset(60, 4, 3);
  Task task = removal_task(data, 10, 0.01);
  for (const std::string optimizer : {"sgd", "adam", "adamw"}) {
    Model model = make_model("mlp", "{hidden: [5, 6]}", *data);
    const Tensor before = model.theta().clone();
    run_method("cf_k", "{layers: 2, epochs: 3, batch_size: 16, optimizer: " + optimizer + "}",
               model, task);
    const Tensor moved = model.theta().ne(before);
    EXPECT_TRUE(moved.equal(last_layers(model, 2))) << optimizer;
  }
}

TEST(CfK, WithAllLayersItIsFinetune) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.01);
  Model a = make_model("mlp", "{hidden: [5, 6]}", *data), b = a.clone();
  run_method("cf_k", "{layers: 3, epochs: 2, batch_size: 16}", a, task);
  run_method("finetune", "{epochs: 2, batch_size: 16}", b, task);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

TEST(CfK, MoreLayersThanThereAreIsAnError) {
  const auto data = make_dataset(60, 4, 3);
  for (const std::string method : {"cf_k", "eu_k", "finetune"}) {
    Model model = make_model("mlp", "{hidden: [5]}", *data);
    EXPECT_THROW(run_method(method, "{layers: 3}", model, removal_task(data, 10, 0.01)), Error);
  }
}

}  // namespace
}  // namespace oubli
