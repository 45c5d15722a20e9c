#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/curvature/hessian.h"
#include "core/privacy/gaussian.h"
#include "core/unlearn/rewindable_training.h"
#include "tests/support/expect_error.h"
#include "tests/support/planned_original.h"

namespace oubli {
namespace {

using testing::certified;
using ::testing::HasSubstr;
using testing::length_between;
using testing::make_dataset;
using testing::PlannedOriginal;
using testing::refusal_of;
using testing::run_method;

enum class Rewound { kLinear, kNetwork };

PlannedOriginal rewindable(Rewound kind, const std::string& settings, double l2 = 0.05,
                           std::int64_t removed = 10) {
  const auto data = make_dataset(200, 4, 2);
  Task task = testing::removal_task(data, removed, l2);
  if (kind == Rewound::kLinear) {
    task.recipe.objective.loss = LossKind::kBinaryLogistic;
    return testing::planned_original("rewind", settings, task,
                                     testing::linear_model(*data, LossKind::kBinaryLogistic));
  }
  return testing::planned_original(
      "rewind", settings, task,
      testing::make_model("mlp", "{hidden: [5], activation: tanh}", *data));
}

// What T steps on what remains give, from the same start.
Tensor retrained(const PlannedOriginal& t) {
  const RewindPoint point = RewindPoint::of(t.left());
  Model model = t.model.clone();
  model.set_theta(testing::start_of(t));
  Context context(0);
  take_full_steps(model, t.task.retain, t.task.objective(), point.eta, point.steps, context);
  return model.theta().clone();
}

// The parameters without noise: a method's own, taken again.
Tensor before_noise(const PlannedOriginal& t) {
  const RewindPoint point = RewindPoint::of(t.left());
  Model model = t.model.clone();
  model.set_theta(point.theta);
  Context context(0);
  take_full_steps(model, t.task.retain, t.task.objective(), point.eta, point.rewind, context);
  return model.theta().clone();
}

const std::string kBelieved = "eta: 0.05, smoothness: 3, lipschitz: 4";

TEST(Rewind, ByAllStepsIsRetrainingBitForBit) {
  for (const Rewound kind : {Rewound::kLinear, Rewound::kNetwork}) {
    const std::string settings =
        "{largest_noise: 1.0e15, training_steps: 30, steps: 30, " + kBelieved + "}";
    PlannedOriginal t = rewindable(kind, settings);
    const UnlearnReport report = run_method("rewind", settings, t.model, t.task);
    EXPECT_EQ(report.status, UnlearnStatus::kCompleted) << report.message;
    EXPECT_EQ(certified(report, "sigma"), 0);
    Model again = t.model.clone();
    MethodState record;
    Context context(7);
    train_by_plan(again, t.task.retain, t.plan, context, record);
    EXPECT_TRUE(t.model.theta().equal(again.theta()));
    EXPECT_EQ(report.sample_gradients, 30 * 190);
  }
}

TEST(Rewind, ByNoStepIsTheOriginalAndNoise) {
  const std::string settings =
      "{largest_noise: 1.0e15, training_steps: 30, steps: 0, epsilon: 2, delta: 1.0e-4}";
  PlannedOriginal t = rewindable(Rewound::kLinear, settings);
  const Tensor start = t.model.theta().clone();
  Tensor drawn = at::empty({400, t.model.dim()}, at::kDouble);
  double sigma = 0;
  for (std::int64_t i = 0; i < 400; ++i) {
    Model model = t.model.clone();
    const UnlearnReport report =
        run_method("rewind", settings, model, t.task, static_cast<std::uint64_t>(i));
    sigma = certified(report, "sigma");
    EXPECT_NEAR(certified(report, "sensitivity") / sigma, gaussian_mu(2, 1e-4), 1e-9);
    drawn[i] = model.theta() - start;
  }
  EXPECT_NEAR(drawn.std().item<double>() / sigma, 1, 4 / std::sqrt(2.0 * 2000));
  EXPECT_NEAR(drawn.mean().item<double>() / sigma, 0, 4 / std::sqrt(2000.0));
}

void expect_distance_within_sensitivity(const PlannedOriginal& t, const std::string& settings) {
  Model model = t.model.clone();
  const UnlearnReport report = run_method("rewind", settings, model, t.task);
  ASSERT_EQ(report.status, UnlearnStatus::kCompleted) << report.message;
  const double apart = length_between(before_noise(t), retrained(t));
  EXPECT_LE(apart, certified(report, "sensitivity")) << settings;
  EXPECT_GT(apart, 0) << settings;
}

TEST(Rewind, MeasuredDistancesAreWithinTheBound) {
  for (const int steps : {0, 10, 25}) {
    const std::string settings =
        fmt::format("{{largest_noise: 1.0e15, training_steps: 30, steps: {}}}", steps);
    expect_distance_within_sensitivity(rewindable(Rewound::kLinear, settings), settings);
    expect_distance_within_sensitivity(rewindable(Rewound::kLinear, settings, 0.5), settings);
    expect_distance_within_sensitivity(rewindable(Rewound::kLinear, settings, 0), settings);
  }
}

// Inputs that are all alike, and no l2, leave no more than a factor of 2 between gradients: the
// bound is no empty promise.
TEST(Rewind, TheSensitivityIsNearlyReached) {
  auto data = std::make_shared<Dataset>(*make_dataset(40, 1, 2));
  data->inputs = at::ones({40, 1}, at::kDouble);
  data->targets = at::arange(40).lt(4).to(at::kLong);
  Task task = testing::removal_task(data, 4, 0);
  task.recipe.objective.loss = LossKind::kBinaryLogistic;
  const std::string settings = "{largest_noise: 1.0e15, training_steps: 8, steps: 3, eta: 0.01}";
  PlannedOriginal t = testing::planned_original(
      "rewind", settings, task, testing::linear_model(*data, LossKind::kBinaryLogistic));
  const double apart = length_between(before_noise(t), retrained(t));
  const double bound = certified(run_method("rewind", settings, t.model, t.task), "sensitivity");
  EXPECT_LE(apart, bound);
  EXPECT_GE(apart, 0.45 * bound);
}

// The largest curvature and the longest gradient that both runs meet are measured and then given.
TEST(Rewind, MeasuredDistancesOfANetworkAreWithinTheBound) {
  const std::string guess =
      "{largest_noise: 1.0e15, training_steps: 20, steps: 8, " + kBelieved + "}";
  const PlannedOriginal first = rewindable(Rewound::kNetwork, guess, 0.01);
  double smoothness = 0, lipschitz = 0;
  CostMeter cost;
  for (const Subset& subset : {first.task.train, first.task.retain}) {
    Model model = first.model.clone();
    model.set_theta(testing::start_of(first));
    for (int step = 0; step < 20; ++step) {
      const Tensor h = Hessian(model, first.task.retain, first.task.objective(), cost).as_dense();
      smoothness = std::max(smoothness, at::linalg_eigvalsh(h).abs().max().item<double>());
      for (std::int64_t row = 0; row < 200; ++row) {
        const Subset one = first.task.train.with_rows(at::tensor({row}));
        const Objective plain{LossKind::kCrossEntropy, 0};
        const Tensor gradient = value_and_gradient(model, one, plain, cost).gradient;
        lipschitz = std::max(lipschitz, gradient.norm().item<double>());
      }
      Context context(0);
      take_full_steps(model, subset, first.task.objective(), 0.05, 1, context);
    }
  }
  const std::string settings = fmt::format(
      "{{largest_noise: 1.0e15, training_steps: 20, steps: 8, eta: 0.05, smoothness: {}, "
      "lipschitz: {}}}",
      1.2 * smoothness, lipschitz);
  const PlannedOriginal t = rewindable(Rewound::kNetwork, settings, 0.01);
  EXPECT_EQ(t.model.theta().equal(first.model.theta()), true);
  expect_distance_within_sensitivity(t, settings);
}

TEST(Rewind, SensitivityIsTheFormula) {
  const auto found = [](Rewound kind, const std::string& settings, double l2) {
    PlannedOriginal t = rewindable(kind, settings, l2);
    const RewindPoint point = RewindPoint::of(t.left());
    const double shift = 2 * point.eta * point.lipschitz * 10 / 200;
    const double z = certified(run_method("rewind", settings, t.model, t.task), "sensitivity");
    return std::make_pair(z / shift, point);
  };
  const std::string given =
      "{largest_noise: 1.0e15, training_steps: 9, steps: 4, " + kBelieved + "}";
  const double g = 1 + 0.05 * 3;
  EXPECT_NEAR(found(Rewound::kNetwork, given, 0.01).first,
              std::pow(g, 4) * (std::pow(g, 5) - 1) / (g - 1), 1e-9);
  const std::string plain = "{largest_noise: 1.0e15, training_steps: 9, steps: 4}";
  EXPECT_NEAR(found(Rewound::kLinear, plain, 0).first, 5, 1e-9);  // g = 1
  const auto [strong, point] = found(Rewound::kLinear, plain, 0.05);
  const double c = 1 - point.eta * 0.05;
  EXPECT_NEAR(strong, std::pow(c, 4) * (1 - std::pow(c, 5)) / (1 - c), 1e-9);
  EXPECT_NEAR(point.eta, 1 / point.smoothness, 1e-15);
}

// A request that was stopped released nothing; what earlier ones did stays on account.
TEST(Rewind, AStopKeepsTheAccountAndCertifiesNothing) {
  const std::string settings = "{largest_noise: 1.0e15, training_steps: 30, steps: 20}";
  PlannedOriginal t = rewindable(Rewound::kLinear, settings);
  t.forget_next(run_method("rewind", settings, t.model, t.task), 10);
  const Methods methods = builtin_methods();
  const Settings read(parse_settings(settings, "test"));
  const MethodInfo& info = methods.find("rewind");
  Context context(0);
  context.budget = 1000;
  const UnlearnReport report =
      run_unlearner(info, *info.make(read, methods), t.model, t.task, context);
  EXPECT_EQ(report.status, UnlearnStatus::kStopped);
  EXPECT_FALSE(report.details.contains("certificate"));
  EXPECT_EQ(report.state, t.task.state);
}

// All releases know the same point: mu grows as the root of their number.
TEST(Rewind, EpsilonIsThatOfAllReleasesTogether) {
  const std::string settings =
      "{largest_noise: 1.0e15, training_steps: 30, steps: 20, epsilon: 1, delta: 1.0e-4}";
  PlannedOriginal t = rewindable(Rewound::kLinear, settings);
  const double mu = gaussian_mu(1, 1e-4);
  for (int request = 1; request <= 4; ++request) {
    const UnlearnReport report = run_method("rewind", settings, t.model, t.task);
    EXPECT_EQ(report.details.at("removed"), 10 * request);
    EXPECT_NEAR(certified(report, "epsilon"), gaussian_epsilon(mu * std::sqrt(request), 1e-4),
                1e-9);
    EXPECT_NEAR(certified(report, "mu"), mu * std::sqrt(request), 1e-12);
    EXPECT_LE(length_between(before_noise(t), retrained(t)), certified(report, "sensitivity"));
    t.forget_next(report, 10);
  }
  EXPECT_EQ(t.task.state->values.at("requests"), 4);
}

TEST(Rewind, RefusesWhereItsAssumptionsFail) {
  PlannedOriginal given = rewindable(Rewound::kLinear, "{}");
  given.task.record = {};
  EXPECT_THAT(refusal_of("rewind", "{}", given), HasSubstr("trained by oubli"));
  PlannedOriginal deep = rewindable(Rewound::kNetwork, "{}");
  EXPECT_THAT(refusal_of("rewind", "{}", deep), HasSubstr("`smoothness` and `lipschitz`"));
  // So many steps before the point that the bound is no number.
  const std::string far =
      "{largest_noise: 1.0e15, training_steps: 2000, steps: 1, eta: 1, smoothness: 3, lipschitz: "
      "1}";
  PlannedOriginal endless = rewindable(Rewound::kNetwork, far);
  EXPECT_THAT(refusal_of("rewind", far, endless), HasSubstr("a number"));
  const auto data = make_dataset(60, 4, 0);
  PlannedOriginal squares =
      testing::planned_original("rewind", "{}", testing::removal_task(data, 5, 0.1),
                                testing::linear_model(*data, LossKind::kSquaredError));
  EXPECT_THAT(refusal_of("rewind", "{}", squares), HasSubstr("`lipschitz`"));
  PlannedOriginal weighted = rewindable(Rewound::kNetwork, "{" + kBelieved + "}");
  weighted.task.retain.weights = at::ones({190}, at::kDouble);
  EXPECT_THAT(refusal_of("rewind", "{}", weighted), HasSubstr("weights"));
}

TEST(Rewind, CannotGoBackByMoreThanThereIs) {
  EXPECT_ERROR(ErrorKind::kSettings,
               rewindable(Rewound::kLinear, "{largest_noise: 1.0e15, training_steps: 5, steps: 6}"),
               HasSubstr("5 steps"));
}

}  // namespace
}  // namespace oubli
