#include "core/train/objective.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "core/base/error.h"
#include "experiments/selftest/problems.h"

namespace oubli {
namespace {

using testing::all_of;
using testing::make_dataset;
using testing::make_model;

TEST(Objective, GradientAgreesWithFiniteDifferences) {
  const auto data = make_dataset(40, 5, 3);
  Model model = make_model("mlp", "{hidden: [4], activation: tanh}", *data);
  const Objective objective{LossKind::kCrossEntropy, 0.1};
  CostMeter cost;
  const ObjectiveValue value = value_and_gradient(model, all_of(data), objective, cost);
  const Tensor theta = model.theta().clone();
  constexpr double kStep = 1e-5;
  for (std::int64_t i = 0; i < model.dim(); i += 3) {
    Tensor moved = theta.clone();
    moved[i] += kStep;
    model.set_theta(moved);
    const double up = value_only(model, all_of(data), objective, cost).objective;
    moved[i] -= 2 * kStep;
    model.set_theta(moved);
    const double down = value_only(model, all_of(data), objective, cost).objective;
    EXPECT_NEAR(value.gradient[i].item<double>(), (up - down) / (2 * kStep), 1e-8);
  }
}

TEST(Objective, DoesNotDependOnBatches) {
  const auto data = make_dataset(53, 6, 3);
  const Model model = make_model("mlp", "{hidden: [5]}", *data);
  Subset subset = all_of(data);
  subset.weights = at::linspace(0.5, 2, 53, at::kDouble);
  const Objective objective{LossKind::kCrossEntropy, 0.01};
  CostMeter cost;
  const ObjectiveValue whole = value_and_gradient(model, subset, objective, cost, 53);
  for (const std::int64_t batch : {1, 7, 50}) {
    const ObjectiveValue cut = value_and_gradient(model, subset, objective, cost, batch);
    EXPECT_NEAR(cut.objective, whole.objective, 1e-12);
    EXPECT_LT((cut.gradient - whole.gradient).abs().max().item<double>(), 1e-12);
  }
}

TEST(Objective, WeightsActLikeRepetition) {
  const auto data = make_dataset(6, 3, 2);
  const Model model = make_model("logistic", "{}", *data);
  Subset weighted = all_of(data);
  weighted.weights = at::ones({6}, at::kDouble);
  weighted.weights[2] = 3;
  const Subset repeated{data, at::tensor({0, 1, 2, 2, 2, 3, 4, 5}, at::kLong), {}};
  CostMeter cost;
  const Objective objective{LossKind::kCrossEntropy, 0.1};
  const ObjectiveValue a = value_and_gradient(model, weighted, objective, cost);
  const ObjectiveValue b = value_and_gradient(model, repeated, objective, cost);
  EXPECT_NEAR(a.objective, b.objective, 1e-14);
  EXPECT_LT((a.gradient - b.gradient).abs().max().item<double>(), 1e-14);
}

TEST(Objective, CountsOneSampleGradientForEachExample) {
  const auto data = make_dataset(53, 6, 3);
  const Model model = make_model("logistic", "{}", *data);
  CostMeter cost;
  value_and_gradient(model, all_of(data), {LossKind::kCrossEntropy, 0}, cost, 10);
  EXPECT_EQ(cost.sample_gradients(), 53);
}

TEST(Objective, EmptySetIsAnError) {
  const auto data = make_dataset(5, 2, 2);
  const Model model = make_model("logistic", "{}", *data);
  CostMeter cost;
  const Subset empty{data, at::empty({0}, at::kLong), {}};
  EXPECT_THROW(value_and_gradient(model, empty, {}, cost), Error);
}

TEST(Objective, OutputHessianIsTheSecondDerivativeOfTheLoss) {
  const Objective objective{LossKind::kCrossEntropy, 0};
  Generator generator(1);
  const Tensor outputs = generator.normal({4, 3}, at::kDouble);
  const Tensor v = generator.normal({4, 3}, at::kDouble);
  const Tensor targets = at::tensor({0, 2, 1, 1}, at::kLong);
  const auto gradient = [&](const Tensor& f) {
    return f.softmax(1) - at::one_hot(targets, 3).to(at::kDouble);
  };
  const Tensor difference = (gradient(outputs + 1e-6 * v) - gradient(outputs - 1e-6 * v)) / 2e-6;
  EXPECT_LT(
      (objective.output_hessian_product(outputs, {}, v) - difference).abs().max().item<double>(),
      1e-8);
}

// One output f is the two scores [0, f] under cross-entropy, whatever its size.
TEST(Objective, BinaryLogisticIsCrossEntropyOfTwoScores) {
  const Objective binary{LossKind::kBinaryLogistic, 0};
  const Objective classes{LossKind::kCrossEntropy, 0};
  EXPECT_EQ(binary.loss_of_scores(), LossKind::kCrossEntropy);
  const Tensor f = at::tensor({-800.0, -3.0, 0.0, 0.5, 40.0, 800.0}, at::kDouble).unsqueeze(1);
  const Tensor y = at::tensor({1, 0, 1, 0, 1, 0}, at::kLong);
  const Tensor scores = binary.class_scores(f);
  EXPECT_TRUE(binary.losses(f, y).allclose(classes.losses(scores, y), 1e-14, 1e-14));
  EXPECT_TRUE(binary.output_gradients(f, y).squeeze(1).allclose(
      classes.output_gradients(scores, y).select(1, 1), 1e-14, 1e-14));
  const Tensor v = at::linspace(-1, 1, 6, at::kDouble).unsqueeze(1);
  const Tensor pair = at::cat({at::zeros_like(v), v}, 1);
  EXPECT_TRUE(binary.output_hessian_product(f, {}, v).squeeze(1).allclose(
      classes.output_hessian_product(scores, {}, pair).select(1, 1), 1e-12, 1e-14));
  const Tensor factor = binary.output_hessian_factors(f, {})[0];
  EXPECT_TRUE(
      (factor * factor * v).allclose(binary.output_hessian_product(f, {}, v), 1e-12, 1e-14));
  EXPECT_FALSE(binary.fits(*make_dataset(5, 2, 3)));
  EXPECT_FALSE(binary.fits(*make_dataset(5, 2, 0)));
  EXPECT_TRUE(binary.fits(*make_dataset(5, 2, 2)));
}

// Each output is a binary logistic problem of its own: its class against all others.
TEST(Objective, OneAgainstRestIsOneBinaryLossForEachClass) {
  const Objective all{LossKind::kOneAgainstRest, 0};
  const Objective one{LossKind::kBinaryLogistic, 0};
  Generator generator(3);
  const Tensor f = 3 * generator.normal({7, 4}, at::kDouble);
  const Tensor v = generator.normal({7, 4}, at::kDouble);
  const Tensor y = at::tensor({0, 1, 2, 3, 3, 1, 0}, at::kLong);
  const Tensor gradients = all.output_gradients(f, y),
               products = all.output_hessian_product(f, {}, v);
  const Tensors factors = all.output_hessian_factors(f, {});
  Tensor losses = at::zeros({7}, at::kDouble), by_factors = at::zeros_like(f);
  for (std::int64_t k = 0; k < 4; ++k) {
    const Tensor column = f.narrow(1, k, 1), is_class = y.eq(k).to(at::kLong);
    losses += one.losses(column, is_class);
    EXPECT_TRUE(gradients.narrow(1, k, 1).equal(one.output_gradients(column, is_class))) << k;
    EXPECT_TRUE(
        products.narrow(1, k, 1).equal(one.output_hessian_product(column, {}, v.narrow(1, k, 1))))
        << k;
    const Tensor& s = factors[static_cast<std::size_t>(k)];
    by_factors += s * (s * v).sum(1, /*keepdim=*/true);
  }
  EXPECT_TRUE(all.losses(f, y).allclose(losses, 1e-14, 0));
  EXPECT_TRUE(by_factors.allclose(products, 1e-13, 1e-15));
  Tensor leaf = f.clone();
  leaf.requires_grad_();
  const Tensor slope = torch::autograd::grad({all.losses(leaf, y).sum()}, {leaf})[0];
  EXPECT_TRUE(slope.allclose(gradients, 1e-13, 1e-15));
  const Tensor scores = all.class_scores(f);
  EXPECT_TRUE(scores.argmax(1).equal(f.argmax(1)));
  const Tensor p = f.sigmoid();
  EXPECT_TRUE(scores.softmax(1).allclose(p / p.sum(1, /*keepdim=*/true), 1e-13, 0));
  EXPECT_EQ(all.loss_of_scores(), LossKind::kCrossEntropy);
  EXPECT_TRUE(all.fits(*make_dataset(5, 2, 3)));
  EXPECT_FALSE(all.fits(*make_dataset(5, 2, 0)));
}

// Labels drawn from the model: the mean of the outer products is the Hessian in the outputs.
TEST(Objective, OneAgainstRestDrawsEachOutput) {
  const Objective objective{LossKind::kOneAgainstRest, 0};
  constexpr std::int64_t kDraws = 200000;
  const Tensor f = at::tensor({-1.0, 0.3, 2.0}, at::kDouble).expand({kDraws, 3});
  Generator generator(5);
  const Tensor drawn =
      objective.drawn_output_gradients(f, {}, objective.draw_noise(kDraws, f, generator));
  const Tensor moments = drawn.t().matmul(drawn) / static_cast<double>(kDraws);
  const Tensor expected =
      objective.output_hessian_product(f.narrow(0, 0, 3), {}, at::eye(3, at::kDouble));
  EXPECT_LT((moments - expected).abs().max().item<double>(), 5 * 0.25 / std::sqrt(kDraws));
}

// -log sigmoid(m) = log(1 + exp(-m)) keeps its digits however sure the model is, and so do its
// derivatives.
TEST(Objective, BinaryLogisticKeepsItsDigits) {
  const Objective objective{LossKind::kBinaryLogistic, 0};
  for (const double margin : {-300.0, -25.0, 0.0, 1.0, 20.1, 30.0, 100.0, 300.0}) {
    for (const double target : {0.0, 1.0}) {
      const Tensor targets = at::full({1}, target, at::kDouble);
      Tensor outputs = at::full({1, 1}, target > 0 ? margin : -margin, at::kDouble);
      outputs.requires_grad_();
      const Tensor loss = objective.losses(outputs, targets).sum();
      const double expected =
          margin > 0 ? std::log1p(std::exp(-margin)) : std::log1p(std::exp(margin)) - margin;
      EXPECT_NEAR(loss.item<double>(), expected, 1e-14 * expected + 1e-35) << margin;
      const double slope = torch::autograd::grad({loss}, {outputs})[0].item<double>();
      const double by_rule = objective.output_gradients(outputs.detach(), targets).item<double>();
      const double sign = target > 0 ? -1 : 1;
      const double right =
          margin > 0 ? std::exp(-margin) / (1 + std::exp(-margin)) : 1 / (1 + std::exp(margin));
      EXPECT_NEAR(slope, sign * right, 1e-14 * right + 1e-35) << margin;
      EXPECT_NEAR(by_rule, sign * right, 1e-14 * right) << margin;
    }
  }
}

// diag(p) - p p' has no negative eigenvalue, and in float32 none appears, nor is a small one lost:
// held against float64 on a sure prediction.
TEST(Objective, CrossEntropyCurvatureKeepsItsDigitsInFloat32) {
  const Objective objective{LossKind::kCrossEntropy, 0};
  Generator generator(4);
  const Tensor outputs = generator.normal({200, 5}, at::kDouble) * 12;
  const Tensor eye = at::eye(5, at::kDouble);
  const auto matrices = [&](at::ScalarType dtype) {
    Tensors columns;
    for (std::int64_t k = 0; k < 5; ++k) {
      columns.push_back(objective.output_hessian_product(outputs.to(at::kFloat).to(dtype), {},
                                                         eye[k].to(dtype).expand({200, 5})));
    }
    return at::stack(columns, 2).to(at::kDouble);
  };
  const Tensor exact = matrices(at::kDouble);
  const Tensor error = (matrices(at::kFloat) - exact).abs().amax({1, 2});
  const Tensor size = exact.abs().amax({1, 2});
  ASSERT_LT(size.min().item<double>(), 1e-6) << "the test needs sure predictions";
  EXPECT_LT((error / size).max().item<double>(), 3e-5);

  Tensor sum = at::zeros_like(exact);
  for (const Tensor& factor : objective.output_hessian_factors(outputs.to(at::kFloat), {})) {
    sum += factor.to(at::kDouble).unsqueeze(2) * factor.to(at::kDouble).unsqueeze(1);
  }
  EXPECT_LT(((sum - exact).abs().amax({1, 2}) / size).max().item<double>(), 3e-5);
}

// 200,000 losses of which each is below the rounding of their sum in float32.
TEST(Objective, SumsRunInFloat64) {
  auto data = std::make_shared<Dataset>();
  const std::int64_t n = 200000;
  data->inputs =
      at::cat({at::full({1, 1}, 1e4, at::kFloat), at::full({n - 1, 1}, 1e-2, at::kFloat)});
  data->targets = at::zeros({n, 1}, at::kDouble);
  data->outputs = 1;
  Model model = make_model("linear", "{bias: false}", *data, 0, at::kFloat);
  model.set_theta(at::ones({1}, at::kDouble));
  CostMeter cost;
  const double expected = 0.5 * (1e8 + (n - 1) * 1e-4) / n;
  const Objective objective{LossKind::kSquaredError, 0};
  EXPECT_NEAR(value_and_gradient(model, all_of(data), objective, cost, n).loss, expected,
              1e-8 * expected);
}

// Two sequences of three positions and two tokens: of the first two are asked for, the middle one
// not; of the second one alone.
struct AskedSequences {
  Tensor outputs =
      at::tensor({0.0, 1.0, 5.0, -5.0, 2.0, 0.5, 0.3, 0.1, 1.0, 1.0, -2.0, 7.0}, at::kDouble)
          .view({2, 3, 2});
  Tensor targets = at::tensor({1, -1, 0, -1, 0, -1}, at::kLong).view({2, 3});
  Objective objective = {LossKind::kCrossEntropy, 0};
};

TEST(ObjectiveOfSequences, LossIsTheMeanOverWhatIsAskedFor) {
  const AskedSequences s;
  const Tensor losses = s.objective.losses(s.outputs, s.targets);
  const double first = std::log(1 + std::exp(0.0 - 1.0)), third = std::log(1 + std::exp(0.5 - 2.0));
  EXPECT_NEAR(losses[0].item<double>(), (first + third) / 2, 1e-15);
  EXPECT_NEAR(losses[1].item<double>(), std::log(2), 1e-15);
}

// What is asked for nothing has no part in it, nor in any derivative.
TEST(ObjectiveOfSequences, PaddingNeverCounts) {
  const AskedSequences s;
  const Tensor is_asked = s.targets.ge(0).unsqueeze(2);
  const Tensor other = at::where(is_asked, s.outputs, s.outputs.sin() * 100);
  const Tensor v = at::linspace(-1, 1, 12, at::kDouble).view({2, 3, 2});
  const Objective& o = s.objective;
  EXPECT_TRUE(o.losses(other, s.targets).equal(o.losses(s.outputs, s.targets)));
  const auto expect_at_asked_only = [&](const Tensor& of_other, const Tensor& of_own) {
    EXPECT_TRUE(of_other.equal(of_own));
    EXPECT_EQ(at::where(is_asked, 0.0, of_own).abs().max().item<double>(), 0);
    EXPECT_GT(of_own.abs().max().item<double>(), 0);
  };
  expect_at_asked_only(o.output_gradients(other, s.targets),
                       o.output_gradients(s.outputs, s.targets));
  expect_at_asked_only(o.output_hessian_product(other, s.targets, v),
                       o.output_hessian_product(s.outputs, s.targets, v));
  Generator generator(1);
  const Tensor noise = o.draw_noise(2, s.outputs, generator);
  expect_at_asked_only(o.drawn_output_gradients(other, s.targets, noise),
                       o.drawn_output_gradients(s.outputs, s.targets, noise));
  const Tensors own = o.output_hessian_factors(s.outputs, s.targets);
  const Tensors theirs = o.output_hessian_factors(other, s.targets);
  for (std::size_t i = 0; i < own.size(); ++i) EXPECT_TRUE(theirs[i].equal(own[i]));
}

TEST(ObjectiveOfSequences, OneAskedPositionIsTheLossOfAClass) {
  Generator generator(2);
  const Tensor scores = generator.normal({5, 4}, at::kDouble);
  const Tensor labels = at::tensor({0, 3, 1, 1, 2}, at::kLong);
  const Objective objective{LossKind::kCrossEntropy, 0};
  const Tensor v = generator.normal({5, 4}, at::kDouble);
  for (std::int64_t t = 0; t < 3; ++t) {
    Tensor outputs = generator.normal({5, 3, 4}, at::kDouble);
    outputs.select(1, t).copy_(scores);
    Tensor targets = at::full({5, 3}, kNoTarget, at::kLong);
    targets.select(1, t).copy_(labels);
    EXPECT_TRUE(objective.losses(outputs, targets)
                    .allclose(objective.losses(scores, labels), 1e-14, 1e-15));
    const Tensor gradients = objective.output_gradients(outputs, targets);
    EXPECT_TRUE(gradients.select(1, t).equal(objective.output_gradients(scores, labels)));
    const Tensor along = v.unsqueeze(1).expand({5, 3, 4});
    EXPECT_TRUE(objective.output_hessian_product(outputs, targets, along)
                    .select(1, t)
                    .equal(objective.output_hessian_product(scores, {}, v)));
  }
}

TEST(ObjectiveOfSequences, DerivativesAreThoseOfTheLoss) {
  AskedSequences s;
  s.outputs.requires_grad_();
  const Tensor losses = s.objective.losses(s.outputs, s.targets);
  const Tensor slope = torch::autograd::grad({losses.sum()}, {s.outputs}, {}, true, true)[0];
  const Tensor outputs = s.outputs.detach();
  EXPECT_TRUE(slope.allclose(s.objective.output_gradients(outputs, s.targets), 1e-13, 1e-15));
  Generator generator(3);
  const Tensor v = generator.normal({2, 3, 2}, at::kDouble);
  const Tensor second = torch::autograd::grad({(slope * v).sum()}, {s.outputs})[0];
  EXPECT_TRUE(
      second.allclose(s.objective.output_hessian_product(outputs, s.targets, v), 1e-12, 1e-14));
  constexpr double kStep = 1e-6;
  const auto gradient = [&](const Tensor& f) { return s.objective.output_gradients(f, s.targets); };
  const Tensor difference =
      (gradient(outputs + kStep * v) - gradient(outputs - kStep * v)) / (2 * kStep);
  EXPECT_LT((second - difference).abs().max().item<double>(), 1e-9);
}

// sum_k s_k s_k' is the Hessian in the outputs, block by block.
TEST(ObjectiveOfSequences, FactorsMakeTheHessian) {
  const AskedSequences s;
  Generator generator(4);
  const Tensor v = generator.normal({2, 3, 2}, at::kDouble);
  Tensor sum = at::zeros_like(v);
  const Tensors factors = s.objective.output_hessian_factors(s.outputs, s.targets);
  EXPECT_EQ(factors.size(), 3u * 2u);
  for (const Tensor& factor : factors) {
    sum += factor * (factor * v).sum({1, 2}, /*keepdim=*/true);
  }
  EXPECT_TRUE(
      sum.allclose(s.objective.output_hessian_product(s.outputs, s.targets, v), 1e-13, 1e-15));
}

// The mean outer product of drawn gradients is the Hessian in the outputs, between positions too,
// where it is 0.
TEST(ObjectiveOfSequences, DrawnGradientsHaveTheHessianForTheirMoment) {
  constexpr std::int64_t kDraws = 200000;
  const Objective objective{LossKind::kCrossEntropy, 0};
  const Tensor outputs =
      at::tensor({0.0, 1.0, -0.5, 0.2, 0.3, 2.0, 4.0, -1.0, 0.0}, at::kDouble).view({1, 3, 3});
  const Tensor targets = at::tensor({0, 2, -1}, at::kLong).view({1, 3});
  Generator generator(5);
  const Tensor many = outputs.expand({kDraws, 3, 3});
  const Tensor drawn = objective
                           .drawn_output_gradients(many, targets.expand({kDraws, 3}),
                                                   objective.draw_noise(kDraws, many, generator))
                           .flatten(1);
  const Tensor moment = drawn.t().mm(drawn) / static_cast<double>(kDraws);
  Tensors columns;
  for (std::int64_t i = 0; i < 9; ++i) {
    Tensor unit = at::zeros({1, 9}, at::kDouble);
    unit[0][i] = 1;
    columns.push_back(
        objective.output_hessian_product(outputs, targets, unit.view({1, 3, 3})).flatten());
  }
  // An entry is a mean of products of at most 1/2 in size.
  EXPECT_LT((moment - at::stack(columns)).abs().max().item<double>(), 5 * 0.5 / std::sqrt(kDraws));
}

TEST(ObjectiveOfSequences, GradientAgreesWithFiniteDifferences) {
  const auto data = testing::make_sentences();
  Model model = make_model("gpt", "{layers: 1, width: 4, heads: 2}", *data);
  Generator generator(6);  // away from where all outputs are alike
  model.add_to_theta(generator.normal({model.dim()}, at::kDouble), 0.3);
  Subset subset = all_of(data).with_rows(at::arange(0, 60, 7));
  subset.weights = at::linspace(0.5, 2, subset.size(), at::kDouble);
  const Objective objective{LossKind::kCrossEntropy, 0.1};
  CostMeter cost;
  const ObjectiveValue value = value_and_gradient(model, subset, objective, cost, 4);
  EXPECT_NEAR(value.loss, value_only(model, subset, objective, cost).loss, 1e-13);
  const Tensor theta = model.theta().clone();
  constexpr double kStep = 1e-5;
  for (std::int64_t i = 0; i < model.dim(); i += 5) {
    Tensor moved = theta.clone();
    moved[i] += kStep;
    model.set_theta(moved);
    const double up = value_only(model, subset, objective, cost).objective;
    moved[i] -= 2 * kStep;
    model.set_theta(moved);
    const double down = value_only(model, subset, objective, cost).objective;
    EXPECT_NEAR(value.gradient[i].item<double>(), (up - down) / (2 * kStep), 1e-8);
  }
}

TEST(ObjectiveOfSequences, PredictionsAreThoseAtTheAnswer) {
  const auto data = testing::make_sentences();
  const Model model = make_model("gpt", "{layers: 1, width: 4, heads: 2}", *data);
  CostMeter cost;
  const Subset subset = all_of(data).with_rows(at::tensor({3, 50, 7}, at::kLong));
  const Tensor found = predict(model, subset, cost, 2);
  const Tensor all = model.forward(subset.batch(0, 3, at::kDouble).inputs);
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto row = subset.rows[i].item<std::int64_t>();
    const auto at = data->sequences.answer_begin[row].item<std::int64_t>();
    EXPECT_TRUE(found[i].allclose(all[i][at], 1e-14, 1e-15));
  }
}

TEST(ObjectiveOfSequences, OnlyCrossEntropyFits) {
  const auto data = testing::make_sentences();
  EXPECT_TRUE((Objective{LossKind::kCrossEntropy, 0}.fits(*data)));
  for (const LossKind loss :
       {LossKind::kSquaredError, LossKind::kBinaryLogistic, LossKind::kOneAgainstRest}) {
    EXPECT_FALSE((Objective{loss, 0}.fits(*data)));
  }
  const Objective objective{LossKind::kCrossEntropy, 0};
  EXPECT_EQ(objective.hessian_factors_for(*data), data->outputs * data->sequences.positions());
}

}  // namespace
}  // namespace oubli
