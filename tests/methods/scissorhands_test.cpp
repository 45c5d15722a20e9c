#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

TEST(Scissorhands, TurnsAStepThatWouldUndoTheForgetting) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0);
  const Objective loss{task.objective().loss, 0};
  for (const double margin : {0.0, 0.5, 5.0}) {
    Model model = make_model("mlp", "{}", *data);
    const Tensor before = model.theta().clone();
    CostMeter cost;
    const Tensor a = -value_and_gradient(model, task.forget, loss, cost).gradient;
    Tensor d = value_and_gradient(model, task.retain, loss, cost).gradient + 0.05 * a;
    const double product = a.dot(d).item<double>();
    ASSERT_LT(product, 0);  // at a start both losses fall together
    const double share = -product / (a.dot(a).item<double>() + 1e-3);
    d = d + std::max(margin, share) * a;
    const UnlearnReport report = run_method(
        "scissorhands",
        fmt::format("{{share: 0, margin: {}, epochs: 1, lr: 1, momentum: 0, batch_size: 100}}",
                    margin),
        model, task);
    EXPECT_EQ(report.details.at("turned"), 1);
    EXPECT_LT((before - model.theta() - d).abs().max().item<double>(), 1e-12) << margin;
    if (margin == 0) {
      EXPECT_LT(std::abs(d.dot(a).item<double>()), 1e-2 * -product);
    }
  }
}

TEST(Scissorhands, DrawsTheMostUsedAnewAndNoNormalisation) {
  const auto data = testing::make_images(40, 1, 8, 3);
  Model model = make_model("convnet", "{channels: [4, 4], norm: batch}", *data);
  const Tensor before = model.theta().clone();
  const UnlearnReport report =
      run_method("scissorhands", "{share: 1, epochs: 0}", model, removal_task(data, 10, 0));
  std::int64_t drawn = 0;
  for (const ParameterInfo& info : model.parameter_infos()) {
    const bool is_norm =
        info.name.find("norm") != std::string::npos || info.name.find("bn") != std::string::npos;
    const Tensor now = model.theta().narrow(0, info.offset, info.size);
    const Tensor then = before.narrow(0, info.offset, info.size);
    if (is_norm) {
      EXPECT_TRUE(now.equal(then)) << info.name;
    } else {
      drawn += info.size;
      EXPECT_TRUE(now.ne(then).all().item<bool>()) << info.name;
    }
  }
  EXPECT_EQ(report.details.at("drawn"), drawn);
  EXPECT_LT(drawn, model.dim());
}

TEST(Scissorhands, DrawsInTheLastLayersWhereAsked) {
  const auto data = make_dataset(60, 4, 3);
  Model model = make_model("mlp", "{hidden: [7]}", *data);
  const Tensors before = model.split(model.theta().clone());
  run_method("scissorhands", "{share: 1, layers: 1, epochs: 0}", model, removal_task(data, 10, 0));
  EXPECT_TRUE(model.parameters()[0].equal(before[0]));
  EXPECT_FALSE(model.parameters()[2].equal(before[2]));
}

TEST(Scissorhands, WithNothingToForgetIsFinetune) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 0, 0.1);
  Model a = make_model("mlp", "{}", *data), b = a.clone();
  run_method("scissorhands", "{epochs: 2, batch_size: 16}", a, task);
  run_method("finetune", "{epochs: 2, batch_size: 16, lr: 5.0e-3}", b, task);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

}  // namespace
}  // namespace oubli
