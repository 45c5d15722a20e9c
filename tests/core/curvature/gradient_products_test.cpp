#include "core/curvature/gradient_products.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"

namespace oubli {
namespace {

using testing::all_of;
using testing::make_dataset;
using testing::make_model;

TEST(GradientProducts, EqualEachExamplesOwnGradientTimesTheDirection) {
  const auto data = make_dataset(23, 6, 3);
  const Model model = make_model("mlp", "{hidden: [7], activation: tanh}", *data);
  const Objective loss{LossKind::kCrossEntropy, 0};
  Generator generator(1);
  const Tensor v = generator.normal({model.dim()}, at::kDouble);
  CostMeter cost;
  const Tensor products = gradient_products(model, all_of(data), loss, v, cost, /*batch_size=*/5);
  EXPECT_EQ(cost.sample_gradients(), 23);
  for (std::int64_t i = 0; i < data->size(); ++i) {
    CostMeter ignored;
    const ObjectiveValue one =
        value_and_gradient(model, {data, at::full({1}, i, at::kLong), {}}, loss, ignored);
    EXPECT_NEAR(products[i].item<double>(), at::dot(one.gradient, v).item<double>(), 1e-12);
  }
}

TEST(GradientProducts, OfSeveralDirectionsAreThoseOfEach) {
  const auto data = make_dataset(23, 6, 3);
  const Model model = make_model("mlp", "{hidden: [7], activation: tanh}", *data);
  const Objective loss{LossKind::kCrossEntropy, 0};
  Generator generator(1);
  const Tensor v = generator.normal({model.dim(), 3}, at::kDouble);
  CostMeter cost;
  const Tensor products = gradient_products(model, all_of(data), loss, v, cost, /*batch_size=*/5);
  EXPECT_NEAR(cost.sample_gradients(), 23 * (1 + 2 * 2 / 3.0), 1e-9);
  for (std::int64_t k = 0; k < 3; ++k) {
    CostMeter ignored;
    EXPECT_TRUE(products.select(1, k).equal(
        gradient_products(model, all_of(data), loss, v.select(1, k), ignored, 5)));
  }
}

TEST(GradientProducts, OfAnEmptySetAreNone) {
  const auto data = make_dataset(5, 2, 2);
  const Model model = make_model("logistic", "{}", *data);
  CostMeter cost;
  const Tensor products =
      gradient_products(model, {data, at::empty({0}, at::kLong), {}}, {LossKind::kCrossEntropy, 0},
                        at::zeros({model.dim()}, at::kDouble), cost);
  EXPECT_EQ(products.numel(), 0);
}

}  // namespace
}  // namespace oubli
