#include "core/unlearn/input_gradients.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;

TEST(InputGradients, AreThoseOfFiniteDifferences) {
  const auto data = make_dataset(12, 5, 3);
  Model model = make_model("mlp", "{hidden: [7], activation: tanh}", *data);
  const Objective objective;
  const Batch batch = testing::all_of(data).batch(0, 12, at::kDouble);
  CostMeter cost;
  const InputGradients found = input_gradients(model, objective, batch.inputs, batch.targets, cost);
  EXPECT_NEAR(cost.sample_gradients(), 8, 1e-9);
  const auto losses = [&](const Tensor& inputs) {
    return objective.losses(model.forward(inputs), batch.targets);
  };
  EXPECT_TRUE(found.outputs.allclose(model.forward(batch.inputs)));
  const double h = 1e-6;
  for (std::int64_t j = 0; j < 5; ++j) {
    Tensor up = batch.inputs.clone(), down = batch.inputs.clone();
    up.select(1, j).add_(h);
    down.select(1, j).sub_(h);
    const Tensor slope = (losses(up) - losses(down)) / (2 * h);
    EXPECT_LT((found.gradients.select(1, j) - slope).abs().max().item<double>(), 1e-8);
  }
}

TEST(InputRange, IsThatOfEachChannelAndOfNoTable) {
  const auto table = make_dataset(12, 8, 3);
  const InputRange none = input_range(testing::all_of(table), at::kDouble);
  EXPECT_FALSE(none.low.defined());
  EXPECT_EQ(none.width().item<double>(), 1);
  Dataset images = *testing::make_images(12, 2, 2, 3);
  images.mean = {1.0, -1.0};
  images.deviation = {2.0, 0.5};
  const auto data = std::make_shared<const Dataset>(images);
  const InputRange range = input_range(testing::all_of(data), at::kDouble);
  const Tensor all = testing::all_of(data).batch(0, 12, at::kDouble).inputs;
  for (std::int64_t c = 0; c < 2; ++c) {
    EXPECT_EQ(range.low[0][c].item<double>(), all.select(1, c).min().item<double>());
    EXPECT_EQ(range.high[0][c].item<double>(), all.select(1, c).max().item<double>());
  }
  EXPECT_TRUE(range.clamp(all).equal(all));
  EXPECT_LE((range.clamp(100 * all) - range.high).max().item<double>(), 0);
}

}  // namespace
}  // namespace oubli
