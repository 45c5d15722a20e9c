#include "core/unlearn/convex_constants.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/curvature/hessian.h"
#include "core/unlearn/linear_objective.h"
#include "tests/support/planned_original.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using testing::make_dataset;
using testing::make_model;

struct Case {
  LossKind loss;
  std::int64_t classes;  // of the data; 0: regression
};

class ConvexConstantsTest : public ::testing::TestWithParam<Case> {
 protected:
  ConvexConstantsTest()
      : data_(make_dataset(40, 3, GetParam().classes)),
        all_(testing::all_of(data_)),
        objective_{GetParam().loss, 0.05},
        model_(testing::linear_model(*data_, GetParam().loss)) {}

  ConvexConstants constants(const Subset& subset, double radius) {
    return *convex_constants(model_, subset, objective_, radius, cost_).constants;
  }
  Subset one(std::int64_t row) const { return all_.with_rows(at::tensor({row})); }
  // A place in the ball, at any length.
  void move(std::uint64_t seed, double radius) {
    Generator draw(seed);
    const Tensor way = draw.normal({model_.dim()}, at::kDouble);
    const double length = radius * draw.uniform({1}, at::kDouble).item<double>();
    model_.set_theta(way * (length / way.norm().item<double>()));
  }
  Tensor hessian(const Subset& subset) {
    return Hessian(model_, subset, objective_, cost_).as_dense();
  }

  std::shared_ptr<const Dataset> data_;
  Subset all_;
  Objective objective_;
  Model model_;
  CostMeter cost_;
};

TEST_P(ConvexConstantsTest, EigenvaluesOfTheHessianLieBetweenThem) {
  const ConvexConstants known = constants(all_, 10);
  double largest = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    move(seed, seed == 0 ? 0 : 10);
    const Tensor eigenvalues = at::linalg_eigvalsh(hessian(all_));
    EXPECT_GE(eigenvalues.min().item<double>(), known.strong_convexity - 1e-12);
    EXPECT_LE(eigenvalues.max().item<double>(), known.smoothness + 1e-12);
    largest = std::max(largest, eigenvalues.max().item<double>());
  }
  // Reached at 0, where each class is as likely as another: 1/2 of two classes, 1/3 of three.
  const double share = GetParam().loss == LossKind::kCrossEntropy ? 2.0 / 3 : 1;
  EXPECT_GE(largest, share * (known.smoothness - 0.05));
}

TEST_P(ConvexConstantsTest, NoExampleHasALongerGradient) {
  const ConvexConstants known = constants(all_, 10);
  const Objective plain{objective_.loss, 0};
  double longest = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    move(seed, 10);
    for (std::int64_t row = 0; row < 40; ++row) {
      const Tensor gradient = value_and_gradient(model_, one(row), plain, cost_).gradient;
      longest = std::max(longest, gradient.norm().item<double>());
    }
  }
  EXPECT_LE(longest, known.lipschitz);
  EXPECT_GE(longest, 0.6 * known.lipschitz);
}

TEST_P(ConvexConstantsTest, HessiansOfExamplesChangeNoFaster) {
  const ConvexConstants known = constants(all_, 10);
  const auto row = at::linalg_norm(data_->inputs, at::Scalar(2), {1}).argmax().item<std::int64_t>();
  double fastest = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    move(seed, 3);
    const Tensor before = hessian(one(row)), theta = model_.theta().clone();
    Generator draw(seed + 1000);
    const Tensor step = 0.05 * draw.normal({model_.dim()}, at::kDouble);
    model_.set_theta(theta + step);
    const Tensor change = at::linalg_eigvalsh(hessian(one(row)) - before).abs().max();
    fastest = std::max(fastest, (change / step.norm()).item<double>());
  }
  EXPECT_LE(fastest, known.hessian_lipschitz + 1e-10);
  if (GetParam().loss != LossKind::kSquaredError) {
    EXPECT_GE(fastest, 0.3 * known.hessian_lipschitz);
  }
}

TEST_P(ConvexConstantsTest, TheBallHoldsTheMinimaOfAllParts) {
  Task task = testing::removal_task(data_, 10, 0.05);
  task.recipe.objective = objective_;
  const ConvexConstants known = *convex_constants(model_, all_, objective_, cost_).constants;
  for (const Subset& part : {task.train, task.retain, task.forget}) {
    EXPECT_LE(testing::minimum_over(part, task, model_).norm().item<double>(),
              known.radius_of_minima);
  }
}

INSTANTIATE_TEST_SUITE_P(Losses, ConvexConstantsTest,
                         ::testing::Values(Case{LossKind::kCrossEntropy, 2},
                                           Case{LossKind::kCrossEntropy, 3},
                                           Case{LossKind::kBinaryLogistic, 2},
                                           Case{LossKind::kOneAgainstRest, 3},
                                           Case{LossKind::kSquaredError, 0}));

// sup of |d/dt l''| along the way between two classes: 2 sqrt(2) max |p''|, p the sigmoid.
TEST(ConvexConstants, TheThirdDerivativeOfCrossEntropyIsReached) {
  const Tensor t = at::linspace(-6, 6, 4001, at::kDouble);
  const Tensor p = t.sigmoid();
  const double third = (p * (1 - p) * (1 - 2 * p)).abs().max().item<double>();
  const auto data = make_dataset(1, 3, 2);
  CostMeter cost;
  const Model model = testing::linear_model(*data, LossKind::kCrossEntropy);
  const ConvexConstants known =
      *convex_constants(model, testing::all_of(data), {LossKind::kCrossEntropy, 1}, cost).constants;
  EXPECT_NEAR(
      known.hessian_lipschitz / (2 * std::sqrt(2.0) * third * std::pow(known.longest_input, 3)), 1,
      1e-5);
}

TEST(ConvexConstants, APartIsSmoothByItsShare) {
  const auto data = make_dataset(50, 3, 2);
  const Subset all = testing::all_of(data);
  const Model model = testing::linear_model(*data, LossKind::kBinaryLogistic);
  const Objective objective{LossKind::kBinaryLogistic, 0.1};
  CostMeter cost;
  const double whole = convex_constants(model, all, objective, cost).constants->smoothness;
  for (const std::int64_t left : {49, 40, 20, 5}) {
    const Subset part = all.with_rows(at::arange(50 - left, 50));
    const double of_part = convex_constants(model, part, objective, cost).constants->smoothness;
    EXPECT_LE(of_part, 50.0 / static_cast<double>(left) * (whole - 0.1) + 0.1);
  }
}

TEST(ConvexConstants, AreNotKnownOfNetworksOrWeights) {
  const auto data = make_dataset(20, 3, 2);
  Subset all = testing::all_of(data);
  const Objective objective{LossKind::kCrossEntropy, 0.1};
  CostMeter cost;
  const Model deep = make_model("mlp", "{hidden: [4]}", *data);
  EXPECT_THAT(convex_constants(deep, all, objective, cost).unknown, HasSubstr("networks"));
  const Model bent = make_model("network", "{layers: [{linear: {features: 2}}, relu]}", *data);
  EXPECT_THAT(convex_constants(bent, all, objective, cost).unknown, HasSubstr("linear"));
  all.weights = at::ones({20}, at::kDouble);
  const Model plain = testing::linear_model(*data, LossKind::kCrossEntropy);
  EXPECT_THAT(convex_constants(plain, all, objective, cost).unknown, HasSubstr("weights"));
  all.weights = Tensor();
  EXPECT_TRUE(std::isinf(convex_constants(plain, all, {LossKind::kCrossEntropy, 0}, cost)
                             .constants->radius_of_minima));
}

TEST(LinearObjective, IsTheObjectivesGradientWithEachExampleClipped) {
  const auto data = make_dataset(30, 4, 3);
  const Subset all = testing::all_of(data);
  const Objective objective{LossKind::kCrossEntropy, 0.2}, plain{LossKind::kCrossEntropy, 0};
  const Model model = make_model("linear", "{}", *data);
  const LinearWeights weights = *LinearWeights::of(model);
  const Tensor w = weights.matrix(model.theta());
  CostMeter cost;
  const LinearObjective linear(weights, all, objective);
  const Tensor expected = value_and_gradient(model, all, objective, cost).gradient;
  EXPECT_LT((weights.flat(linear.gradient(w, cost)) - expected).abs().max().item<double>(), 1e-13);
  Tensor clipped = 0.2 * model.theta();
  int shorter = 0;
  for (std::int64_t row = 0; row < 30; ++row) {
    const Subset one = all.with_rows(at::tensor({row}));
    const Tensor gradient = value_and_gradient(model, one, plain, cost).gradient;
    const double norm = gradient.norm().item<double>();
    shorter += norm < 1.5 ? 1 : 0;
    clipped = clipped + gradient * (std::min(1.0, 1.5 / norm) / 30);
  }
  EXPECT_GT(shorter, 0);
  EXPECT_LT(shorter, 30);
  const Tensor found = weights.flat(linear.gradient(w, cost, 1.5));
  EXPECT_LT((found - clipped).abs().max().item<double>(), 1e-13);
}

}  // namespace
}  // namespace oubli
