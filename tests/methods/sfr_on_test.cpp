#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "core/curvature/fisher_diagonal.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

TEST(SfrOn, WithoutParametersToAscendIsFinetune) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0);
  Model a = make_model("logistic", "{}", *data), b = a.clone();
  const UnlearnReport report = run_method(
      "sfr_on", "{threshold: 1.0e+9, epochs: 3, momentum: 0, batch_size: 16, schedule: constant}",
      a, task);
  run_method("finetune", "{epochs: 3, momentum: 0, batch_size: 16, lr: 0.01}", b, task);
  EXPECT_EQ(report.details.at("ascending"), 0);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

// One step of ascent and one of descent, over the whole of both sets.
TEST(SfrOn, AscendsTheWeightedLossWithinTheMaskAndThenDescends) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0);
  const Objective loss{task.objective().loss, 0};
  for (const double lambda : {0.0, 0.5}) {
    Model model = make_model("mlp", "{}", *data), expected = model.clone();
    CostMeter cost;
    const auto importance = [&](const Subset& subset) {
      return fisher_diagonal(FisherTargets::kEmpirical, model, subset, loss, cost).values;
    };
    const Tensor mask = importance(task.forget).ge(importance(task.retain));
    Subset weighted = task.forget;
    const Batch batch = task.forget.batch(0, 10, at::kDouble);
    weighted.weights =
        loss.losses(model.forward(batch.inputs), batch.targets).pow(-lambda).detach();
    const Tensor ascent = value_and_gradient(model, weighted, loss, cost).gradient * mask;
    const double rate = 0.01, coefficient = 0.5;
    expected.add_to_theta(ascent, rate * coefficient);
    expected.add_to_theta(value_and_gradient(expected, task.retain, loss, cost).gradient, -rate);
    run_method("sfr_on",
               fmt::format("{{coefficient: 0.5, lambda: {}, epochs: 1, momentum: 0, batch_size: "
                           "100, schedule: constant}}",
                           lambda),
               model, task);
    EXPECT_LT((model.theta() - expected.theta()).abs().max().item<double>(), 1e-12) << lambda;
  }
}

// Five steps of descent over the whole of both sets; ascents before the first, third and fifth, at
// half of 1 + cos(0), cos(2 pi / 5) and cos(4 pi / 5).
TEST(SfrOn, AscendsEverySoManyStepsAndFades) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0);
  const Objective loss{task.objective().loss, 0};
  Model model = make_model("mlp", "{}", *data), expected = model.clone();
  CostMeter cost;
  const auto gradient = [&](const Subset& subset) {
    return value_and_gradient(expected, subset, loss, cost).gradient;
  };
  for (const int t : {0, 1, 2, 3, 4}) {
    const double fading = (1 + std::cos(std::numbers::pi * t / 5)) / 2;
    if (t % 2 == 0) expected.add_to_theta(gradient(task.forget), 0.1 * 0.5 * fading);
    expected.add_to_theta(gradient(task.retain), -0.1);
  }
  const UnlearnReport report = run_method(
      "sfr_on",
      "{every: 2, coefficient: 0.5, lambda: 0, threshold: 0, epochs: 5, lr: 0.1, momentum: 0, "
      "batch_size: 100, schedule: constant}",
      model, task);
  EXPECT_LT((model.theta() - expected.theta()).abs().max().item<double>(), 1e-13);
  EXPECT_EQ(report.sample_gradients, 60 + 5 * 50 + 3 * 10);
}

TEST(SfrOn, CutsAnAscentToItsLongest) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0);
  Model model = make_model("logistic", "{}", *data), expected = model.clone();
  CostMeter cost;
  const Objective loss{task.objective().loss, 0};
  Tensor ascent = value_and_gradient(model, task.forget, loss, cost).gradient;
  expected.add_to_theta(ascent / ascent.norm(), 0.01 * 0.25);
  expected.add_to_theta(value_and_gradient(expected, task.retain, loss, cost).gradient, -0.01);
  run_method("sfr_on",
             "{coefficient: 1.0e+6, clip: 0.25, lambda: 0, threshold: 0, epochs: 1, momentum: 0, "
             "batch_size: 100, schedule: constant}",
             model, task);
  EXPECT_LT((model.theta() - expected.theta()).abs().max().item<double>(), 1e-12);
}

}  // namespace
}  // namespace oubli
