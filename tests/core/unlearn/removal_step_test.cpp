#include "core/unlearn/removal_step.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "core/unlearn/linear_hessian.h"
#include "tests/support/planned_original.h"

namespace oubli {
namespace {

using testing::all_of;
using testing::make_dataset;

// A linear model whose first `gone` rows leave, and its record.
struct Removing {
  explicit Removing(std::int64_t gone, LossKind loss = LossKind::kOneAgainstRest)
      : data(make_dataset(200, 5, loss == LossKind::kSquaredError ? 0 : 3)),
        all(all_of(data)),
        removed(all.with_rows(at::arange(gone))),
        left(all.with_rows(at::arange(gone, 200))),
        model(testing::linear_model(*data, loss)),
        weights(*LinearWeights::of(model)) {
    objective.loss = loss;
    objective.l2 = 0.05;
    Generator generator(3);
    model.set_theta(0.3 * generator.normal({model.dim()}, at::kDouble));
    record = NewtonRecord::of(model, all, objective);
  }

  RemovalStep recorded(const Tensor& b, double tolerance) {
    return recorded(b, tolerance, look_of_training(record));
  }
  RemovalStep recorded(const Tensor& b, double tolerance, const Look& last) {
    const LinearPlace here = place();
    return RecordedHessian(here, record, removed, left.size()).step(b, last, tolerance, cost);
  }
  LinearPlace place() const { return {weights, weights.matrix(model.theta()), objective}; }
  // The sum over what is left, without b.
  Tensor gradient_at(const Tensor& w) const {
    CostMeter uncounted;
    return summed_gradient({weights, w, objective}, left, uncounted);
  }

  std::shared_ptr<const Dataset> data;
  Subset all, removed, left;
  Objective objective;
  Model model;
  LinearWeights weights;
  NewtonRecord record;
  CostMeter cost;
};

double norm_of(const Tensor& tensor) { return tensor.norm().item<double>(); }

// At the record's own weights nothing has drifted: the step is that of what is left.
TEST(RemovalStep, OfTheRecordIsNewtonsWhereNothingDrifted) {
  Removing r(30);
  const Tensor delta = summed_gradient(r.place(), r.removed, r.cost);
  const RemovalStep step = r.recorded(delta, 1e-12);
  const RemovalStep looked = looked_step(r.place(), r.left, delta, r.record, 1e-13, r.cost);
  EXPECT_LT(norm_of(step.step - looked.step), 1e-11 * norm_of(looked.step));
  EXPECT_EQ(step.passes, 0);
  EXPECT_GE(step.bound, looked.bound);
  EXPECT_GE(step.lengths, looked.lengths * (1 - 1e-6));
}

// What a step adds to the gradient, by the gradients themselves, is not above its bound: at the
// record's weights, near them and far away, with a good solve and a poor one.
TEST(RemovalStep, BoundsWhatItAddsToTheGradient) {
  for (const double drift : {0.0, 0.02, 0.3}) {
    for (const double tolerance : {1e-10, 0.3}) {
      Removing r(30);
      Generator generator(11);
      r.model.add_to_theta(generator.normal({r.model.dim()}, at::kDouble), drift);
      const LinearPlace place = r.place();
      const Tensor delta = summed_gradient(place, r.removed, r.cost);
      const Look look = look_at(place, r.left, r.record, r.cost);
      const RemovalStep steps[] = {r.recorded(delta, tolerance), r.recorded(delta, tolerance, look),
                                   looked_step(place, r.left, delta, r.record, tolerance, r.cost)};
      EXPECT_LE(steps[1].bound, steps[0].bound);
      for (const RemovalStep& step : steps) {
        const Tensor error = r.gradient_at(place.w + step.step) - r.gradient_at(place.w) - delta;
        EXPECT_LE(norm_of(error), step.bound + 1e-12) << drift << " " << tolerance;
        EXPECT_GT(norm_of(error), 0.005 * step.bound) << drift << " " << tolerance;
      }
    }
  }
}

TEST(RemovalStep, OfTheSquaredErrorLeavesNothing) {
  Removing r(30, LossKind::kSquaredError);
  r.model.add_to_theta(at::ones({r.model.dim()}, at::kDouble), 5);
  const Tensor b = at::ones_like(r.place().w);
  const RemovalStep step = r.recorded(b, 1e-12);
  EXPECT_LT(step.bound, 1e-9);
  EXPECT_LT(norm_of(r.gradient_at(r.place().w + step.step) - r.gradient_at(r.place().w) - b), 1e-9);
}

// More rows leave than stay, and in other directions: corrections would lead away without end.
TEST(RemovalStep, IsFiniteWhereCorrectionsLeadAway) {
  auto data = std::make_shared<Dataset>(*make_dataset(200, 2, 0));
  data->inputs.zero_();
  data->inputs.narrow(0, 0, 150).select(1, 0).fill_(1);
  data->inputs.narrow(0, 150, 50).select(1, 1).fill_(1);
  const Subset all = all_of(data), removed = all.with_rows(at::arange(150));
  Objective objective;
  objective.loss = LossKind::kSquaredError;
  objective.l2 = 1e-3;
  const Model model = testing::linear_model(*data, LossKind::kSquaredError);
  const LinearWeights weights = *LinearWeights::of(model);
  const NewtonRecord record = NewtonRecord::of(model, all, objective);
  const LinearPlace place{weights, weights.matrix(model.theta()) + 1, objective};
  CostMeter cost;
  const Tensor delta = summed_gradient(place, removed, cost);
  const RemovalStep step =
      RecordedHessian(place, record, removed, 50).step(delta, look_of_training(record), 1e-2, cost);
  EXPECT_TRUE(std::isfinite(step.bound));
  EXPECT_LE(step.bound, 1.01 * norm_of(delta));
  EXPECT_TRUE(at::isfinite(step.step).all().item<bool>());
}

TEST(RemovalStep, CostsWhatItReads) {
  Removing r(30);
  const Tensor delta = summed_gradient(r.place(), r.removed, r.cost);
  EXPECT_EQ(r.cost.sample_gradients(), 30);
  r.recorded(delta, 0.5);
  EXPECT_EQ(r.cost.sample_gradients(), 60);
  looked_step(r.place(), r.left, delta, r.record, 0.5, r.cost);
  EXPECT_EQ(r.cost.sample_gradients(), 230);
  look_at(r.place(), r.left, r.record, r.cost);
  EXPECT_EQ(r.cost.sample_gradients(), 400);
}

TEST(RemovalStep, ALookSaysWhatIsThere) {
  Removing r(30);
  r.model.add_to_theta(at::ones({r.model.dim()}, at::kDouble), 0.1);
  const LinearPlace place = r.place();
  const Look look = look_at(place, r.left, r.record, r.cost);
  EXPECT_LT(norm_of(look.gradient - r.gradient_at(place.w)), 1e-10);
  const Tensor x = r.weights.inputs(r.left.batch(0, r.left.size(), at::kDouble).inputs);
  const Tensor farthest = x.matmul(place.w - r.record.weights).abs().amax(0);
  EXPECT_LT(norm_of(look.farthest - farthest), 1e-12);
  EXPECT_TRUE(look.weights.equal(place.w));
}

TEST(NewtonRecord, IsReadAsItWasWritten) {
  const Removing r(30);
  MethodState state;
  r.record.write(state);
  const NewtonRecord read = NewtonRecord::read(state);
  EXPECT_EQ(read.examples, 200);
  EXPECT_EQ(read.largest_singular, r.record.largest_singular);
  EXPECT_EQ(read.gram_error, r.record.gram_error);
  EXPECT_TRUE(read.weights.equal(r.record.weights));
  EXPECT_TRUE(read.inverse_mean.equal(r.record.inverse_mean));
  EXPECT_TRUE(read.gram.equal(r.record.gram));
}

TEST(NewtonRecord, HasTheSumsOfItsInputs) {
  const Removing r(30);
  const Tensor x = r.weights.inputs(r.all.batch(0, 200, at::kDouble).inputs);
  const Tensor lengths = x.norm(2, 1);
  EXPECT_NEAR(r.record.largest_singular, std::get<1>(at::linalg_svd(x, false)).max().item<double>(),
              1e-9);
  EXPECT_NEAR(r.record.longest, lengths.max().item<double>(), 1e-12);
  EXPECT_NEAR(r.record.squared_lengths, lengths.square().sum().item<double>(), 1e-9);
  EXPECT_NEAR(r.record.fourth_powers, lengths.pow(4).sum().item<double>(), 1e-8);
  EXPECT_LT(r.record.inverse_error, 1e-10);
  EXPECT_LT(norm_of(r.record.gram.to(at::kDouble) - x.t().matmul(x)), r.record.gram_error);
}

}  // namespace
}  // namespace oubli
