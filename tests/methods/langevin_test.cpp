#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/privacy/gaussian.h"
#include "core/unlearn/projected_descent.h"
#include "tests/support/planned_original.h"

namespace oubli {
namespace {

using testing::certified;
using ::testing::HasSubstr;
using testing::kLogistic;
using testing::length_between;
using testing::make_dataset;
using testing::PlannedOriginal;
using testing::refusal_of;
using testing::run_method;

PlannedOriginal noisily_trained(const std::string& settings, std::int64_t removed = 10,
                                LossKind loss = kLogistic, std::int64_t classes = 2) {
  const auto data = make_dataset(200, 4, loss == LossKind::kSquaredError ? 0 : classes);
  Task task = testing::removal_task(data, removed, 0.1);
  task.recipe.objective.loss = loss;
  return testing::planned_original("langevin", settings, task, testing::linear_model(*data, loss));
}

std::int64_t langevin_steps(const UnlearnReport& report) {
  return report.details.at("steps").get<std::int64_t>();
}

// |x|^2 / 2 in four dimensions, of many chains at once: the outputs of one regression.
TEST(Langevin, StationaryCovarianceSolvesTheDiscreteLyapunovEquation) {
  constexpr std::int64_t kChains = 5000;
  auto data = std::make_shared<Dataset>(*make_dataset(60, 3, 0));
  data->inputs = data->inputs * at::tensor({2.0, 1.0, 0.3}, at::kDouble);
  data->targets = at::zeros({60, kChains}, at::kDouble);
  data->outputs = kChains;
  const Model model = testing::make_model("linear", "{}", *data);
  const LinearWeights weights = *LinearWeights::of(model);
  const Subset all = testing::all_of(data);
  const Objective objective{LossKind::kSquaredError, 0.1};
  const Tensor x = weights.inputs(all.batch(0, 60, at::kDouble).inputs);
  const Tensor h = x.t().matmul(x) / 60 + 0.1 * at::eye(4, at::kDouble);
  const double eta = 1 / at::linalg_eigvalsh(h).max().item<double>(), sigma = 0.3;
  const Tensor f = at::eye(4, at::kDouble) - eta * h;
  const double noise = sigma * std::sqrt(2 * eta);
  const Tensor expected = noise * noise * at::inverse(at::eye(4, at::kDouble) - f.matmul(f));
  EXPECT_LT(length_between(f.matmul(expected).matmul(f) + noise * noise * at::eye(4, at::kDouble),
                           expected),
            1e-12);
  const double infinite = std::numeric_limits<double>::infinity();
  Tensor w = at::zeros({4, kChains}, at::kDouble);
  Context context(5);
  Generator draw(6);
  const ProjectedSteps steps{eta, infinite, noise, infinite};
  ASSERT_TRUE(steps.take(w, LinearObjective(weights, all, objective), 250, draw, context));
  const Tensor found = w.matmul(w.t()) / kChains;
  // In units in which the expected one is I: entries scatter by sqrt(2 / chains) at most.
  const Tensor whiten = at::inverse(at::linalg_cholesky(expected));
  const Tensor whitened = whiten.matmul(found).matmul(whiten.t());
  const double tolerance = 4.5 * std::sqrt(2.0 / kChains);
  EXPECT_LT((whitened - at::eye(4, at::kDouble)).abs().max().item<double>(), tolerance);
  // The covariance of the continuous equation, sigma^2 H^-1, lies further off than that.
  const Tensor continuous = whiten.matmul(sigma * sigma * at::inverse(h)).matmul(whiten.t());
  EXPECT_GT((continuous - at::eye(4, at::kDouble)).abs().max().item<double>(), 3 * tolerance);
}

TEST(Langevin, WithoutNoiseItIsProjectedGradientDescent) {
  PlannedOriginal t = noisily_trained("{training_steps: 25, radius: 0.5, sigma: 1.0e-12}");
  const ProjectedRun run = ProjectedRun::of(t.left());
  Model model = t.model.clone();
  model.set_theta(testing::start_of(t));
  const auto descend = [&](const Subset& subset, int steps) {
    testing::descend_in_ball(model, subset, t.task.objective(), steps,
                             2 / (2 * run.smoothness + 0.1), 0.5);
  };
  descend(t.task.train, 25);
  EXPECT_NEAR(model.theta().norm().item<double>(), 0.5, 1e-12);
  EXPECT_LT(length_between(model.theta(), t.model.theta()), 1e-9);
  descend(t.task.retain, 9);
  const UnlearnReport report = run_method("langevin", "{steps: 9}", t.model, t.task);
  EXPECT_EQ(report.status, UnlearnStatus::kCompleted) << report.message;
  EXPECT_LT(length_between(model.theta(), t.model.theta()), 1e-9);
  EXPECT_EQ(report.sample_gradients, 9 * 190);
}

// Two chains with the same noise, one on all data first: no further apart than the bound, with the
// gradients clipped or not.
TEST(Langevin, CoupledChainsStayWithinTheirDistance) {
  struct Chains {
    std::string settings;
    LossKind loss;
    std::int64_t classes;
  };
  for (const Chains& each : {Chains{"{training_steps: 40}", kLogistic, 2},
                             Chains{"{training_steps: 40, clip: 0.3}", kLogistic, 2},
                             Chains{"{training_steps: 40, clip: 0.3}", LossKind::kSquaredError, 0},
                             Chains{"{training_steps: 40}", LossKind::kCrossEntropy, 3}}) {
    PlannedOriginal t = noisily_trained(each.settings, 10, each.loss, each.classes);
    ProjectedRun run = ProjectedRun::of(t.left());
    ASSERT_EQ(run.unknown, "");
    const LinearWeights weights = *LinearWeights::of(t.model);
    const LinearObjective all(weights, t.task.train, t.task.objective());
    const LinearObjective rest(weights, t.task.retain, t.task.objective());
    Context context(0);
    Tensor a = weights.matrix(testing::start_of(t)), b = a;
    Generator noise_a(3), noise_b(3);
    run.add_request(t.task);
    run.steps.take(a, all, 40, noise_a, context);
    run.steps.take(b, rest, 40, noise_b, context);
    EXPECT_LE(length_between(a, b), run.beside_retraining(0).distance());
    EXPECT_GE(length_between(a, b), 1e-3 * run.beside_retraining(0).distance());
    run.steps.take(a, rest, 30, noise_a, context);
    run.steps.take(b, rest, 30, noise_b, context);
    EXPECT_LE(length_between(a, b), run.beside_retraining(30).distance());
  }
}

// A step brings any two places nearer by c or more, clipped gradients too.
TEST(Langevin, ClippedStepsContract) {
  for (const LossKind loss : {kLogistic, LossKind::kSquaredError}) {
    PlannedOriginal t = noisily_trained("{training_steps: 1, clip: 0.2}", 10, loss);
    ProjectedRun run = ProjectedRun::of(t.left());
    run.steps.noise = 0;
    const LinearWeights weights = *LinearWeights::of(t.model);
    const LinearObjective rest(weights, t.task.retain, t.task.objective());
    Context context(0);
    Generator draw(4);
    double worst = 0;
    for (int trial = 0; trial < 300; ++trial) {
      Tensor a = draw.normal({5, 1}, at::kDouble), b = a + 0.3 * draw.normal({5, 1}, at::kDouble);
      const double before = length_between(a, b);
      run.steps.take(a, rest, 1, draw, context);
      run.steps.take(b, rest, 1, draw, context);
      worst = std::max(worst, length_between(a, b) / before);
    }
    // Reached where both places clip alike: l2 alone brings them nearer.
    EXPECT_LE(worst, run.contraction() + 1e-12);
    EXPECT_GE(worst, 0.8 * run.contraction());
  }
}

TEST(Langevin, EpsilonFallsWithStepsAndNoiseAndGrowsWithTheForgetSet) {
  const auto epsilon = [](int steps, const std::string& sigma, std::int64_t removed) {
    PlannedOriginal t = noisily_trained("{training_steps: 200, sigma: " + sigma + "}", removed);
    return certified(run_method("langevin", "{steps: " + std::to_string(steps) + ", delta: 1.0e-4}",
                                t.model, t.task),
                     "epsilon");
  };
  const double here = epsilon(20, "0.2", 10);
  EXPECT_GT(here, 0);
  EXPECT_LT(epsilon(21, "0.2", 10), here);
  EXPECT_LT(epsilon(20, "0.25", 10), here);
  EXPECT_GT(epsilon(20, "0.2", 11), here);
}

TEST(Langevin, TakesAsFewStepsAsTheTargetAsksFor) {
  const PlannedOriginal t = noisily_trained("{sigma: 0.1}");
  Model a = t.model.clone(), b = t.model.clone();
  const UnlearnReport found = run_method("langevin", "{epsilon: 0.5}", a, t.task);
  EXPECT_LE(certified(found, "epsilon"), 0.5);
  EXPECT_GT(langevin_steps(found), 2);
  const std::string fewer = "{steps: " + std::to_string(langevin_steps(found) - 1) + "}";
  EXPECT_GT(certified(run_method("langevin", fewer, b, t.task), "epsilon"), 0.5);
}

// Chien et al.'s bound, of chains that began at the stationary distribution, by its best order.
double published_epsilon(const ProjectedRun& run, double sigma, double n, double m, double steps,
                         double delta) {
  double least = 1e9;
  for (int i = 1; i < 926; ++i) {
    const double order = std::pow(1.01, i);
    const double squares = m * run.lipschitz / (sigma * n);
    const double divergence = std::exp(-steps * run.strong_convexity * run.steps.eta / order) * 4 *
                              order * squares * squares / run.strong_convexity;
    least = std::min(least, divergence + std::log(1 / delta) / (order - 1));
  }
  return least;
}

TEST(Langevin, IsNotAboveThePublishedBound) {
  const PlannedOriginal t = noisily_trained("{sigma: 0.3, training_steps: 2000}");
  for (const int steps : {1, 10, 50, 200}) {
    Model model = t.model.clone();
    const UnlearnReport report = run_method(
        "langevin", "{steps: " + std::to_string(steps) + ", delta: 1.0e-5}", model, t.task);
    const double published =
        published_epsilon(ProjectedRun::of(t.left()), 0.3, 200, 10, steps, 1e-5);
    EXPECT_LE(certified(report, "epsilon"), published) << steps;
    EXPECT_GT(published, 0);
  }
}

// Inputs that are all alike leave a chain of normals, whose laws are known exactly.
TEST(Langevin, TheExactLawsOfAQuadraticAreNotToldApartAnyBetter) {
  auto data = std::make_shared<Dataset>(*make_dataset(50, 1, 0));
  data->inputs = at::zeros({50, 1}, at::kDouble);
  data->targets = at::zeros({50, 1}, at::kDouble);
  data->targets.narrow(0, 0, 5).fill_(4);
  Task task = testing::removal_task(data, 5, 10);
  PlannedOriginal t =
      testing::planned_original("langevin", "{training_steps: 3, radius: 0.5, sigma: 0.05}", task,
                                testing::linear_model(*data, LossKind::kSquaredError));
  const ProjectedRun run = ProjectedRun::of(t.left());
  double all = 0, rest = 0, variance = 0;
  const double keeps = 1 - run.steps.eta * 11;
  for (int step = 0; step < 5; ++step) {
    all = keeps * all + (step < 3 ? run.steps.eta * 0.4 : 0);
    rest = keeps * rest;
    variance = keeps * keeps * variance + run.steps.noise * run.steps.noise;
  }
  const double exact = (all - rest) / std::sqrt(variance);
  const UnlearnReport report = run_method("langevin", "{steps: 2}", t.model, t.task);
  EXPECT_LE(exact, certified(report, "mu"));
  EXPECT_GE(exact, 0.2 * certified(report, "mu"));
  EXPECT_NEAR(gaussian_delta(certified(report, "mu"), certified(report, "epsilon")), 1e-5, 1e-10);
}

TEST(Langevin, LaterRequestsAccountForEarlierOnes) {
  PlannedOriginal t = noisily_trained("{training_steps: 100, sigma: 0.2}", 10);
  const ProjectedRun trained = ProjectedRun::of(t.left());
  const double shift = 2 * trained.steps.eta * trained.lipschitz;
  const double first = shift * 10 / 200, second = shift * 3 / 190;
  const UnlearnReport one = run_method("langevin", "{steps: 6}", t.model, t.task);
  t.forget_next(one, 3);
  const UnlearnReport two = run_method("langevin", "{steps: 4}", t.model, t.task);
  const TwoDescents expected{trained.contraction(),
                             2 * trained.steps.radius,
                             {{100, first + second}, {6, second}, {4, 0}}};
  EXPECT_NEAR(certified(two, "sensitivity"), expected.sensitivity(), 1e-14);
  const TwoDescents alone{trained.contraction(), 2 * trained.steps.radius, {{106, second}, {4, 0}}};
  EXPECT_GT(certified(two, "sensitivity"), alone.sensitivity());
  // It goes on from what was released, in new noise.
  EXPECT_EQ(length_between(LinearWeights::of(t.model)->flat(ProjectedRun::of(*two.state).w),
                           t.model.theta()),
            0);
  // A request that takes many steps leaves what the first one gave away as it was.
  t.forget_next(two, 1);
  const UnlearnReport three = run_method("langevin", "{steps: 2000}", t.model, t.task);
  EXPECT_LT(certified(three, "sensitivity") / certified(three, "sigma"), certified(two, "mu"));
  EXPECT_EQ(certified(three, "mu"), certified(two, "mu"));
  EXPECT_EQ(certified(three, "epsilon"), certified(two, "epsilon"));
}

TEST(Langevin, RefusesWhereItsAssumptionsFail) {
  PlannedOriginal given = noisily_trained("{}");
  given.task.record = {};
  EXPECT_THAT(refusal_of("langevin", "{steps: 5}", given), HasSubstr("trained by oubli"));
  PlannedOriginal clipped =
      noisily_trained("{clip: 0.1, training_steps: 3}", 10, LossKind::kCrossEntropy, 3);
  clipped.task.recipe.optimizer.max_iterations = 3;
  EXPECT_THAT(refusal_of("langevin", "{steps: 5}", clipped), HasSubstr("longest gradient"));
  PlannedOriginal wide =
      noisily_trained("{clip: 100, training_steps: 3}", 10, LossKind::kCrossEntropy, 3);
  EXPECT_EQ(run_method("langevin", "{steps: 5}", wide.model, wide.task).status,
            UnlearnStatus::kCompleted);
  const auto data = make_dataset(60, 4, 3);
  Task task = testing::removal_task(data, 5, 0.1);
  task.recipe.optimizer = {.name = "sgd", .lr = 0.1};
  PlannedOriginal deep = testing::planned_original(
      "langevin", "{}", task, testing::make_model("mlp", "{hidden: [4]}", *data));
  EXPECT_THAT(refusal_of("langevin", "{steps: 5}", deep), HasSubstr("networks"));
}

}  // namespace
}  // namespace oubli
