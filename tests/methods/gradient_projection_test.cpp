#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/curvature/input_moments.h"
#include "core/unlearn/accuracy.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"
#include "tests/support/toy_model.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

// The largest change that the step makes to a layer's answer along its held directions, over the
// largest along any.
TEST(GradientProjection, ALayerAnswersHeldDirectionsAsBefore) {
  const auto data = testing::make_images(60, 1, 8, 3);
  const Task task = removal_task(data, 20, 0);
  for (const std::string optimizer : {"sgd, momentum: 0.9", "adam"}) {
    Model model = make_model("convnet", "{channels: [4, 4], norm: batch}", *data);
    const Tensor before = model.theta().clone();
    CostMeter cost;
    const auto layers = input_moments(model, task.retain, cost);
    const UnlearnReport report = run_method(
        "gradient_projection", "{retained: 0.6, epochs: 4, lr: 0.01, optimizer: " + optimizer + "}",
        model, task);
    ASSERT_TRUE(report.usable()) << report.message;
    const Tensor way = model.theta() - before;
    for (const InputMoment& layer : layers) {
      const auto held = report.details.at("held_directions").at(layer.weight).get<std::int64_t>();
      EXPECT_GT(held, 0) << layer.weight;
      EXPECT_LT(held, layer.in) << layer.weight;
      const auto [values, vectors] = at::linalg_eigh(layer.moment[0]);
      const Tensor change = layer.take(way)[0];
      const double most = change.abs().max().item<double>();
      EXPECT_GT(most, 0) << layer.weight;
      const Tensor along = change.matmul(vectors.narrow(1, layer.in - held, held));
      EXPECT_LT(along.abs().max().item<double>(), 1e-10 * most) << layer.weight;
    }
  }
}

TEST(GradientProjection, BiasesNormalisationsAndStatisticsStay) {
  const auto data = testing::make_images(60, 1, 8, 3);
  Model model = make_model("convnet", "{channels: [4, 4], norm: batch}", *data);
  const Model before = model.clone();
  run_method("gradient_projection", "{epochs: 3}", model, removal_task(data, 20, 0));
  for (std::size_t i = 0; i < before.parameters().size(); ++i) {
    EXPECT_EQ(model.parameters()[i].equal(before.parameters()[i]),
              !before.parameter_infos()[i].is_weight());
  }
  for (std::size_t i = 0; i < before.buffers().size(); ++i) {
    EXPECT_TRUE(model.buffers()[i].equal(before.buffers()[i]));
  }
}

TEST(GradientProjection, RetainingAllIsTheIdentity) {
  const auto data = make_dataset(60, 4, 3);
  Model model = make_model("mlp", "{}", *data);
  const Tensor before = model.theta().clone();
  run_method("gradient_projection", "{retained: 1, epochs: 3}", model, removal_task(data, 20, 0));
  EXPECT_LT((model.theta() - before).abs().max().item<double>(), 1e-14);
}

TEST(GradientProjection, EndsWhereValidationIsPredictedBetter) {
  const auto data = make_dataset(300, 6, 3);
  Task task = removal_task(data, 60, 1e-3);
  task.validation = task.train.with_rows(at::arange(200, 300));
  task.retain = task.train.with_rows(at::arange(60, 200));
  task.train = task.train.with_rows(at::arange(0, 200));
  Model model = make_model("mlp", "{hidden: [30]}", *data);
  testing::minimise(model, task.train, task);
  CostMeter cost;
  const auto gap = [&] {
    return accuracy(model, task.validation, task.objective(), cost) -
           accuracy(model, task.forget, task.objective(), cost);
  };
  const double before = gap();
  ASSERT_LT(before, 0);
  const UnlearnReport report =
      run_method("gradient_projection", "{retained: 0.5, epochs: 200, lr: 0.05}", model, task);
  EXPECT_NE(report.message.find("ended after epoch"), std::string::npos) << report.message;
  EXPECT_LE(std::abs(gap()), std::abs(before));
  // Again there is nothing left to do, or little.
  Model again = model.clone();
  const UnlearnReport second =
      run_method("gradient_projection", "{retained: 0.5, epochs: 200, lr: 0.05}", again, task);
  if (gap() > 0) {
    EXPECT_EQ(second.status, UnlearnStatus::kUnchanged);
  }
}

TEST(GradientProjection, NamesWeightsThatItCannotMove) {
  const auto data = make_dataset(40, 4, 3);
  Model model = testing::toy_model([](Sequential& net, ParameterTable& table) {
    net.add(std::make_unique<testing::ProductWithoutRules>(table, "plain", 4));
    net.add(std::make_unique<Linear>(table, "linear", 4, 3));
  });
  const UnlearnReport report =
      run_method("gradient_projection", "{epochs: 1}", model, removal_task(data, 5, 0));
  EXPECT_THAT(report.message, ::testing::HasSubstr("share them: plain.weight"));
}

}  // namespace
}  // namespace oubli
