#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/privacy/gaussian.h"
#include "core/unlearn/projected_descent.h"
#include "datasets/source.h"
#include "tests/support/files.h"
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

PlannedOriginal descended(const std::string& settings, std::int64_t removed = 10, double l2 = 0.05,
                          LossKind loss = kLogistic, at::ScalarType dtype = at::kDouble) {
  const auto data = make_dataset(200, 4, loss == LossKind::kSquaredError ? 0 : 2);
  Task task = testing::removal_task(data, removed, l2);
  task.recipe.objective.loss = loss;
  return testing::planned_original("descent_to_delete", settings, task,
                                   testing::linear_model(*data, loss, dtype));
}

// Softmax regression on the first 400 handwritten digits.
PlannedOriginal on_digits(const std::string& method, const std::string& settings,
                          std::int64_t removed) {
  const auto load =
      builtin_datasets().find("digits").configure(testing::settings_from(Json::object()));
  const auto digits = std::make_shared<Dataset>(load({}).dataset);
  Task task = testing::removal_task(digits, removed, 0.02);
  task.train = task.train.with_rows(at::arange(400));
  task.retain = task.train.with_rows(at::arange(removed, 400));
  return testing::planned_original(method, settings, task,
                                   testing::linear_model(*digits, LossKind::kCrossEntropy));
}

Tensor vector_of(const UnlearnReport& report, const Model& model) {
  return LinearWeights::of(model)->flat(ProjectedRun::of(*report.state).w);
}

// |w_I - w*_{D_r}| <= c^I |w_0 - w*_{D_r}|, and |w*_D - w*_{D_r}| <= 2 G m / (mu n).
void expect_contraction(PlannedOriginal t) {
  const ProjectedRun run = ProjectedRun::of(t.left());
  const Tensor rest = testing::minimum_over(t.task.retain, t.task, t.model);
  const Tensor all = testing::minimum_over(t.task.train, t.task, t.model);
  const double bound = 2 * run.lipschitz * static_cast<double>(t.task.forget.size()) /
                       (run.strong_convexity * static_cast<double>(t.task.train.size()));
  EXPECT_LE(length_between(all, rest), bound);
  EXPECT_GT(length_between(all, rest), 1e-3);
  EXPECT_LE(rest.norm().item<double>(), run.steps.radius);
  const double start = length_between(t.model.theta(), rest);
  for (const std::int64_t steps : {1, 5, 20, 100}) {
    Model model = t.model.clone();
    const UnlearnReport report =
        run_method("descent_to_delete", "{steps: " + std::to_string(steps) + "}", model, t.task);
    ASSERT_EQ(report.status, UnlearnStatus::kCompleted) << report.message;
    const double left = length_between(vector_of(report, model), rest);
    EXPECT_LE(left, std::pow(run.contraction(), steps) * start + 1e-12) << steps;
    EXPECT_EQ(report.sample_gradients, static_cast<double>(steps * t.task.retain.size()));
  }
}

TEST(DescentToDelete, ContractsToTheMinimumOfWhatRemains) {
  expect_contraction(descended("{}"));
  expect_contraction(descended("{}", 40, 0.5));
  expect_contraction(descended("{}", 10, 0.05, LossKind::kCrossEntropy));
  expect_contraction(descended("{}", 10, 0.05, LossKind::kSquaredError));
}

TEST(DescentToDelete, ContractsOnDigits) {
  expect_contraction(on_digits("descent_to_delete", "{}", 20));
}

TEST(DescentToDelete, ReachesTheMinimumInTheEnd) {
  PlannedOriginal t = descended("{}");
  const Tensor rest = testing::minimum_over(t.task.retain, t.task, t.model);
  const UnlearnReport report = run_method("descent_to_delete", "{steps: 3000}", t.model, t.task);
  EXPECT_LT(length_between(vector_of(report, t.model), rest), 1e-10);
  EXPECT_LT(certified(report, "sigma"), 1e-10);
  ASSERT_EQ(report.warnings.size(), 1u);
  EXPECT_THAT(report.warnings.front(), HasSubstr("retraining is cheaper"));
}

// Request after request, beside the same number of steps from the same start on
// what remains.
void expect_distances_within_sensitivities(PlannedOriginal t, std::int64_t rows) {
  const LinearWeights weights = *LinearWeights::of(t.model);
  const ProjectedRun trained = ProjectedRun::of(t.left());
  const Tensor start = testing::start_of(t);
  std::int64_t steps = trained.phases.front().steps;
  for (int request = 0; request < 5; ++request) {
    const UnlearnReport report = run_method("descent_to_delete", "{steps: 15}", t.model, t.task);
    ASSERT_EQ(report.status, UnlearnStatus::kCompleted) << report.message;
    steps += 15;
    Tensor beside = weights.matrix(start);
    Context context(0);
    const LinearObjective rest(weights, t.task.retain, t.task.objective());
    ASSERT_TRUE(trained.steps.take(beside, rest, steps, context.generator, context));
    const double apart = length_between(vector_of(report, t.model), weights.flat(beside));
    EXPECT_LE(apart, certified(report, "sensitivity")) << request;
    EXPECT_GT(apart, 1e-12) << request;
    t.forget_next(report, rows);
  }
}

TEST(DescentToDelete, SensitivitiesBoundMeasuredDistances) {
  expect_distances_within_sensitivities(descended("{}"), 10);
  expect_distances_within_sensitivities(descended("{training_steps: 20}"), 3);
  expect_distances_within_sensitivities(descended("{}", 10, 0.05, LossKind::kSquaredError), 3);
  expect_distances_within_sensitivities(on_digits("descent_to_delete", "{}", 5), 5);
}

// Inputs that are all alike, and little l2, leave no more than a factor of 2 between gradients, and
// that of the curvature: the bound is no empty promise.
TEST(DescentToDelete, TheSensitivityIsNearlyReached) {
  auto data = std::make_shared<Dataset>(*make_dataset(40, 1, 2));
  data->inputs = at::ones({40, 1}, at::kDouble);
  data->targets = at::arange(40).lt(4).to(at::kLong);
  Task task = testing::removal_task(data, 4, 1e-3);
  task.recipe.objective.loss = kLogistic;
  PlannedOriginal t = testing::planned_original("descent_to_delete", "{training_steps: 1}", task,
                                                testing::linear_model(*data, kLogistic));
  const LinearWeights weights = *LinearWeights::of(t.model);
  Tensor beside = weights.matrix(testing::start_of(t));
  Context context(0);
  const LinearObjective rest(weights, t.task.retain, t.task.objective());
  ProjectedRun::of(t.left()).steps.take(beside, rest, 2, context.generator, context);
  const UnlearnReport report = run_method("descent_to_delete", "{steps: 1}", t.model, t.task);
  const double apart = length_between(vector_of(report, t.model), weights.flat(beside));
  EXPECT_LE(apart, certified(report, "sensitivity"));
  EXPECT_GE(apart, 0.3 * certified(report, "sensitivity"));
}

// An independent computation of the training and of the first request.
TEST(DescentToDelete, IsProjectedGradientDescent) {
  PlannedOriginal t = descended("{training_steps: 30, radius: 0.6}");
  const ProjectedRun run = ProjectedRun::of(t.left());
  Model model = t.model.clone();
  model.set_theta(testing::start_of(t));
  const auto descend = [&](const Subset& subset, int steps) {
    testing::descend_in_ball(model, subset, t.task.objective(), steps,
                             2 / (1.1 * run.smoothness + 0.05), 0.6);
  };
  descend(t.task.train, 30);
  EXPECT_NEAR(model.theta().norm().item<double>(), 0.6,
              1e-12);  // the ball held it
  EXPECT_LT(length_between(model.theta(), t.model.theta()), 1e-12);
  descend(t.task.retain, 7);
  const UnlearnReport report =
      run_method("descent_to_delete", "{steps: 7, radius: 0.6}", t.model, t.task);
  EXPECT_LT(length_between(vector_of(report, t.model), model.theta()), 1e-12);
}

TEST(DescentToDelete, NoiseIsWhatTheTargetAsksFor) {
  const PlannedOriginal t = descended("{}");
  const double mu = gaussian_mu(2, 1e-4), c = ProjectedRun::of(t.left()).contraction();
  for (const std::string state : {"secret", "published"}) {
    const std::string target = "epsilon: 2, delta: 1.0e-4, state: " + state;
    Model model = t.model.clone();
    const UnlearnReport fixed =
        run_method("descent_to_delete", "{steps: 12, " + target + "}", model, t.task);
    const double told = certified(fixed, "sensitivity") / certified(fixed, "sigma");
    // Of all releases to come, each c^12 times as near: the sum of a series.
    double squares = 0;
    for (int later = 0; later < (state == "secret" ? 4000 : 1); ++later) {
      squares += std::pow(told * std::pow(c, 12 * later), 2);
    }
    EXPECT_NEAR(std::sqrt(squares) / mu, 1, 1e-9) << state;
    // Where the noise is given, steps are enough and one less is not.
    Model other = t.model.clone();
    const UnlearnReport least =
        run_method("descent_to_delete", "{sigma: 0.05, " + target + "}", other, t.task);
    const auto steps = least.details.at("steps").get<std::int64_t>();
    const auto noise_of = [&](std::int64_t count) {
      Model third = t.model.clone();
      return certified(
          run_method("descent_to_delete", "{steps: " + std::to_string(count) + ", " + target + "}",
                     third, t.task),
          "sigma");
    };
    EXPECT_LE(noise_of(steps), 0.05);
    EXPECT_GT(noise_of(steps - 1), 0.05);
  }
}

TEST(DescentToDelete, ReleasesTheVectorWithNoiseOfThisSize) {
  const PlannedOriginal t = descended("{}");
  Tensor drawn = at::empty({400, t.model.dim()}, at::kDouble);
  double sigma = 0;
  for (std::int64_t i = 0; i < 400; ++i) {
    Model model = t.model.clone();
    const UnlearnReport report =
        run_method("descent_to_delete", "{steps: 3}", model, t.task, static_cast<std::uint64_t>(i));
    sigma = certified(report, "sigma");
    drawn[i] = model.theta() - vector_of(report, model);
  }
  EXPECT_NEAR(drawn.std().item<double>() / sigma, 1, 4 / std::sqrt(2.0 * 2000));
  EXPECT_NEAR(drawn.mean().item<double>() / sigma, 0, 4 / std::sqrt(2000.0));
}

TEST(DescentToDelete, ASecretStateIsNotWhatWasReleasedAndAPublishedOneIs) {
  PlannedOriginal t = descended("{}");
  Model published = t.model.clone();
  const UnlearnReport secret = run_method("descent_to_delete", "{steps: 3}", t.model, t.task);
  const UnlearnReport open =
      run_method("descent_to_delete", "{steps: 3, state: published}", published, t.task);
  EXPECT_GT(length_between(vector_of(secret, t.model), t.model.theta()),
            certified(secret, "sigma"));
  EXPECT_EQ(length_between(vector_of(open, published), published.theta()), 0);
  EXPECT_THAT(secret.details.at("certificate").dump(), HasSubstr("stays secret"));
  EXPECT_GT(certified(secret, "sigma"), certified(open, "sigma"));
}

// What was promised to earlier requests rests on it.
TEST(DescentToDelete, StepsAndNoiseNeverFallFromASecretState) {
  PlannedOriginal t = descended("{}", 40);
  const UnlearnReport first = run_method("descent_to_delete", "{}", t.model, t.task);
  t.forget_next(first, 1);
  const UnlearnReport second = run_method("descent_to_delete", "{}", t.model, t.task);
  EXPECT_GE(second.details.at("steps"), first.details.at("steps"));
  EXPECT_GE(certified(second, "sigma"), certified(first, "sigma"));
  PlannedOriginal u = descended("{}", 40);
  const UnlearnReport wide = run_method("descent_to_delete", "{steps: 20}", u.model, u.task);
  u.forget_next(wide, 1);
  const UnlearnReport narrow = run_method("descent_to_delete", "{steps: 20}", u.model, u.task);
  EXPECT_LT(certified(narrow, "sensitivity"), certified(wide, "sensitivity"));
  EXPECT_EQ(certified(narrow, "sigma"), certified(wide, "sigma"));
}

TEST(DescentToDelete, KeepsItsVectorInFloat64) {
  PlannedOriginal t = descended("{}", 10, 0.05, kLogistic, at::kFloat);
  PlannedOriginal wide = descended("{}");
  EXPECT_EQ(ProjectedRun::of(t.left()).w.scalar_type(), at::kDouble);
  const UnlearnReport report = run_method("descent_to_delete", "{steps: 5}", t.model, t.task);
  EXPECT_EQ(report.status, UnlearnStatus::kCompleted) << report.message;
  EXPECT_NEAR(certified(report, "sensitivity"),
              certified(run_method("descent_to_delete", "{steps: 5}", wide.model, wide.task),
                        "sensitivity"),
              1e-4 * certified(report, "sensitivity"));
}

TEST(DescentToDelete, RefusesWhereItsAssumptionsFail) {
  PlannedOriginal given = descended("{}");
  given.task.record = {};
  EXPECT_THAT(refusal_of("descent_to_delete", "{steps: 5}", given), HasSubstr("trained by oubli"));
  PlannedOriginal flat = descended("{}", 10, 0);
  EXPECT_THAT(refusal_of("descent_to_delete", "{steps: 5}", flat), HasSubstr("l2 is above 0"));
  PlannedOriginal masked = descended("{}");
  masked.task.recipe.movable = at::ones({masked.model.dim()}, at::kBool);
  EXPECT_THAT(refusal_of("descent_to_delete", "{steps: 5}", masked), HasSubstr("may move"));
  // So few remain that the steps might not contract.
  PlannedOriginal few = descended("{}", 198);
  EXPECT_THAT(refusal_of("descent_to_delete", "{steps: 5}", few), HasSubstr("contract"));
  const auto data = make_dataset(60, 4, 3);
  Task task = testing::removal_task(data, 5, 0.1);
  task.recipe.optimizer = {.name = "sgd", .lr = 0.1};
  PlannedOriginal deep = testing::planned_original(
      "descent_to_delete", "{}", task, testing::make_model("mlp", "{hidden: [4]}", *data));
  EXPECT_THAT(refusal_of("descent_to_delete", "{steps: 5}", deep), HasSubstr("networks"));
}

}  // namespace
}  // namespace oubli
