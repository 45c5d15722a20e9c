#include "core/nn/ensemble.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/curvature/hessian.h"
#include "core/evaluate/predictions.h"
#include "core/train/trainer.h"
#include "experiments/selftest/problems.h"
#include "tests/support/expect_error.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using testing::largest;
using testing::make_dataset;
using testing::make_network;
using testing::random;
using testing::relative_error;
using testing::values;

struct EnsembleProblem {
  std::shared_ptr<const Dataset> data;
  Objective objective;
  Model model;
};

EnsembleProblem problem(LossKind loss, Joining joining, std::int64_t copies = 3) {
  const bool numbers = loss == LossKind::kSquaredError, binary = loss == LossKind::kBinaryLogistic;
  const auto data = make_dataset(9, 4, numbers ? 0 : binary ? 2 : 3);
  Dataset like = *data;
  if (binary) like.outputs = 1;
  const OutputKind kind = numbers  ? OutputKind::kNumbers
                          : binary ? OutputKind::kMargin
                                   : OutputKind::kScores;
  const Network network = ensemble_of(make_network("mlp", "{hidden: [3], activation: tanh}", like),
                                      copies, joining, kind);
  Model model(network.layers, network.table, at::kDouble);
  model.set_theta(random({model.dim()}));
  return {data, {loss, 0.1}, std::move(model)};
}

Tensor outputs_of_copy(const EnsembleProblem& p, std::int64_t k) {
  return copy_of(p.model, k).forward(p.data->inputs);
}

TEST(Ensemble, MeansAreThoseOfThePredictions) {
  const EnsembleProblem scores = problem(LossKind::kCrossEntropy, Joining::kMean);
  const Tensor probabilities =
      (outputs_of_copy(scores, 0).softmax(1) + outputs_of_copy(scores, 1).softmax(1) +
       outputs_of_copy(scores, 2).softmax(1)) /
      3;
  EXPECT_LT(largest(scores.model.forward(scores.data->inputs).exp() - probabilities), 1e-14);

  const EnsembleProblem margin = problem(LossKind::kBinaryLogistic, Joining::kMean);
  const Tensor p = (outputs_of_copy(margin, 0).sigmoid() + outputs_of_copy(margin, 1).sigmoid() +
                    outputs_of_copy(margin, 2).sigmoid()) /
                   3;
  EXPECT_LT(largest(margin.model.forward(margin.data->inputs) - (p / (1 - p)).log()), 1e-13);

  const EnsembleProblem numbers = problem(LossKind::kSquaredError, Joining::kMean);
  const Tensor mean =
      (outputs_of_copy(numbers, 0) + outputs_of_copy(numbers, 1) + outputs_of_copy(numbers, 2)) / 3;
  EXPECT_LT(largest(numbers.model.forward(numbers.data->inputs) - mean), 1e-14);
}

// Sure copies do not make the mean infinite, in float32 either.
TEST(Ensemble, MeansOfSureCopiesAreFinite) {
  const Tensor sure = values({400, -300, 0}).to(at::kFloat).view({1, 3});
  const Tensor joined = join_outputs({sure, sure.flip(1)}, Joining::kMean, OutputKind::kScores);
  EXPECT_TRUE(joined.isfinite().all().item<bool>()) << joined;
  EXPECT_NEAR(joined.exp()[0][0].item<double>(), 0.5, 1e-6);
  const Tensor margin = at::full({1, 1}, 200, at::kFloat);
  EXPECT_FLOAT_EQ(join_outputs({margin, margin}, Joining::kMean, OutputKind::kMargin).item<float>(),
                  200);
}

TEST(Ensemble, VotesAreCountedWithOneVoterWhoCannotDecide) {
  const Tensor a = values({2, 1, 0, 0}).view({1, 4}), b = values({0, 9, 1, 0}).view({1, 4});
  const Tensor joined = join_outputs({a, b, b}, Joining::kVote, OutputKind::kScores);
  const Tensor expected = values({1.25, 2.25, 0.25, 0.25}).view({1, 4}) / 4;
  EXPECT_LT(largest(joined.exp() - expected), 1e-15);
  EXPECT_NEAR(joined.exp().sum().item<double>(), 1, 1e-15);
  const Tensor one = at::ones({1, 1}, at::kDouble);
  const Tensor margin = join_outputs({one, one, -one}, Joining::kVote, OutputKind::kMargin);
  EXPECT_NEAR(margin.item<double>(), std::log(2.5 / 1.5), 1e-15);
}

TEST(Ensemble, TiesGoToTheLowestClass) {
  // One vote for 2 and one for 1; then a copy that cannot decide between 1 and 2.
  const Tensor two = values({0, 0, 1}).view({1, 3}), one = values({0, 1, 0}).view({1, 3});
  const Tensor joined = join_outputs({two, one}, Joining::kVote, OutputKind::kScores);
  EXPECT_EQ(joined[0][1].item<double>(), joined[0][2].item<double>());
  const Tensor undecided = values({0, 1, 1}).view({1, 3});
  const Tensor votes = join_outputs({undecided}, Joining::kVote, OutputKind::kScores);
  EXPECT_EQ(votes.argmax(1).item<std::int64_t>(), 1);
  const Tensor zero = at::zeros({1, 1}, at::kDouble);
  EXPECT_LT(join_outputs({zero}, Joining::kVote, OutputKind::kMargin).item<double>(), 0);

  // As metrics take it: the row of the tie is right where its label is the lowest of both.
  auto data = std::make_shared<Dataset>(*make_dataset(2, 3, 3));
  data->targets = at::tensor({1, 2}, at::kLong);
  const Tensor rows = at::arange(2);
  const Predictions predictions(data, LossKind::kCrossEntropy, at::cat({joined, joined}), rows);
  EXPECT_EQ(predictions.accuracy(rows.narrow(0, 0, 1)), 1);
  EXPECT_EQ(predictions.accuracy(rows.narrow(0, 1, 1)), 0);
}

TEST(Ensemble, ACopyThatIsNoNumberIsSeenInAVote) {
  const Tensor good = at::ones({1, 3}, at::kDouble);
  const Tensor joined = join_outputs({good, good * NAN}, Joining::kVote, OutputKind::kScores);
  EXPECT_FALSE(joined.isfinite().any().item<bool>());
}

TEST(Ensemble, GradientsAreThoseOfFiniteDifferences) {
  for (const LossKind loss :
       {LossKind::kCrossEntropy, LossKind::kBinaryLogistic, LossKind::kSquaredError}) {
    EnsembleProblem p = problem(loss, Joining::kMean);
    CostMeter cost;
    const Subset all = testing::all_of(p.data);
    const Tensor gradient = value_and_gradient(p.model, all, p.objective, cost).gradient;
    const Tensor theta = p.model.theta().clone();
    constexpr double kStep = 1e-5;
    Tensor differences = at::empty_like(theta);
    for (std::int64_t i = 0; i < theta.numel(); ++i) {
      const auto value = [&](double step) {
        Tensor moved = theta.clone();
        moved[i] += step;
        p.model.set_theta(moved);
        return value_only(p.model, all, p.objective, cost).objective;
      };
      differences[i] = (value(kStep) - value(-kStep)) / (2 * kStep);
    }
    p.model.set_theta(theta);
    EXPECT_LT(relative_error(gradient, differences), 1e-9) << static_cast<int>(loss);
    // And the Hessian, of which nothing is by rule, of differences of the gradient.
    const Tensor v = random({theta.numel(), 1}, 5);
    const auto gradient_at = [&](double step) {
      p.model.set_theta(theta + step * v.squeeze(1));
      return value_and_gradient(p.model, all, p.objective, cost).gradient;
    };
    const Tensor slope = (gradient_at(kStep) - gradient_at(-kStep)) / (2 * kStep);
    p.model.set_theta(theta);
    const Hessian hessian(p.model, all, p.objective, cost);
    const Tensor product = hessian.apply(v).squeeze(1);
    EXPECT_LT(relative_error(product, slope), 1e-7) << static_cast<int>(loss);
  }
}

// What is only counted does not move; in training mode the mean stands in.
TEST(Ensemble, VotesHaveNoGradientAndAreTrainedByTheMean) {
  EnsembleProblem vote = problem(LossKind::kCrossEntropy, Joining::kVote);
  EnsembleProblem mean = problem(LossKind::kCrossEntropy, Joining::kMean);
  CostMeter cost;
  const Subset all = testing::all_of(vote.data);
  const Tensor gradient = value_and_gradient(vote.model, all, vote.objective, cost).gradient;
  EXPECT_TRUE(gradient.equal(vote.objective.l2 * vote.model.theta()));
  TrainingRecipe recipe;
  recipe.objective = vote.objective;
  recipe.batch_size = 4;
  Context a(1), b(1);
  train(vote.model, all, recipe, a);
  train(mean.model, all, recipe, b);
  EXPECT_TRUE(vote.model.theta().equal(mean.model.theta()));
  EXPECT_FALSE(vote.model.forward(vote.data->inputs).equal(mean.model.forward(mean.data->inputs)));
}

TEST(Ensemble, CopiesCanBeTakenOutAndPutBack) {
  const auto images = testing::make_images(12, 1, 8, 3);
  const Network one = make_network("convnet", "{channels: [4], norm: batch}", *images);
  const Network network = ensemble_of(one, 2, Joining::kMean, OutputKind::kScores);
  EXPECT_EQ(network.table->size(), 2 * one.table->size());
  EXPECT_EQ(network.table->parameters()[0].name, "copies.0." + one.table->parameters()[0].name);
  Model model(network.layers, network.table, at::kDouble);
  Generator generator(3);
  model.initialise(generator);
  EXPECT_EQ(copies_in(model), 2);
  const Model untouched = copy_of(model, 0);
  Model second = copy_of(model, 1);
  EXPECT_FALSE(second.theta().equal(untouched.theta()));
  second.forward(images->inputs, PassMode::kTraining);  // moves its running statistics
  second.add_to_theta(second.theta());
  EXPECT_FALSE(copy_of(model, 1).theta().equal(second.theta()));
  set_copy(model, 1, second);
  EXPECT_TRUE(copy_of(model, 0).theta().equal(untouched.theta()));
  EXPECT_TRUE(copy_of(model, 1).theta().equal(second.theta()));
  for (std::size_t i = 0; i < second.buffers().size(); ++i) {
    EXPECT_TRUE(copy_of(model, 1).buffers()[i].equal(second.buffers()[i]));
    EXPECT_TRUE(copy_of(model, 0).buffers()[i].equal(untouched.buffers()[i]));
  }
  // In training mode each copy normalises by its own statistics and keeps them.
  Model alone = copy_of(model, 1);
  alone.forward(images->inputs, PassMode::kTraining);
  model.forward(images->inputs, PassMode::kTraining);
  for (std::size_t i = 0; i < alone.buffers().size(); ++i) {
    EXPECT_TRUE(copy_of(model, 1).buffers()[i].equal(alone.buffers()[i])) << i;
  }
}

TEST(Ensemble, OfOneCopyIsTheNetworkItself) {
  const Network one = make_network("mlp", "{hidden: [3]}", *make_dataset(5, 4, 3));
  EXPECT_EQ(ensemble_of(one, 1, Joining::kVote, OutputKind::kScores).layers, one.layers);
  const Model model(one.layers, one.table, at::kDouble);
  EXPECT_EQ(copies_in(model), 1);
  EXPECT_TRUE(copy_of(model, 0).theta().equal(model.theta()));
}

TEST(Ensemble, SaysWhatCannotBe) {
  const Network one = make_network("linear", "{}", *make_dataset(5, 4, 0));
  EXPECT_ERROR(ErrorKind::kUsage, ensemble_of(one, 2, Joining::kVote, OutputKind::kNumbers),
               HasSubstr("numbers cannot be voted about"));
  EXPECT_ERROR(ErrorKind::kUsage, ensemble_of(one, 0, Joining::kMean, OutputKind::kNumbers),
               HasSubstr("one copy or more"));
  const Model model(one.layers, one.table, at::kDouble);
  EXPECT_ERROR(ErrorKind::kUsage, copy_of(model, 1), HasSubstr("no copy 1"));
}

}  // namespace
}  // namespace oubli
