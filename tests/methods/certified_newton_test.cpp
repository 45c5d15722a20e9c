#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "core/nn/linear_weights.h"
#include "tests/support/planned_original.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

// A perturbed original and what its training wrote down.
struct Perturbed {
  std::shared_ptr<const Dataset> data;
  Task task;
  Model model;
  MethodStatePtr record;
};

struct Setup {
  std::int64_t examples = 300;
  int requests = 100;
  std::int64_t classes = 2;
  LossKind loss = LossKind::kBinaryLogistic;
  double l2 = 0.02;
  double sigma = 1;
  at::ScalarType dtype = at::kDouble;
  std::string curvature = "current";
};

Perturbed trained(const Setup& setup) {
  const auto data = make_dataset(setup.examples, 4, setup.classes);
  Task task = removal_task(data, 1, setup.l2);
  task.recipe.objective.loss = setup.loss;
  task.recipe.optimizer.tolerance = setup.dtype == at::kDouble ? 1e-12 : 1e-6;
  Model model = testing::linear_model(*data, setup.loss, setup.dtype);
  const auto record = std::make_shared<MethodState>();
  Context context(7);
  const TrainingPlan plan{task.recipe, "perturbed", {{"sigma", setup.sigma}}};
  train_by_plan(model, task.train, plan, context, *record);
  task.record = [record] { return record; };
  return {data, task, std::move(model), record};
}

// The next request: the task's forget set, then the rows behind it.
void forget_next(Task& task, std::int64_t rows = 1) {
  task.train = task.retain;
  task.forget = task.train.with_rows(task.train.rows.narrow(0, 0, rows));
  task.retain = task.train.with_rows(task.train.rows.narrow(0, rows, task.train.size() - rows));
}

// Of the perturbed sum over what is left.
double gradient_left(const Perturbed& t) {
  CostMeter cost;
  const double n = static_cast<double>(t.task.retain.size());
  const Tensor mean = value_and_gradient(t.model, t.task.retain, t.task.objective(), cost).gradient;
  return (n * mean + t.record->tensors.front().second).norm().item<double>();
}

double detail(const UnlearnReport& report, const std::string& name) {
  return report.details.at(name).get<double>();
}

class CertifiedNewtonBounds : public ::testing::TestWithParam<Setup> {};

// Request after request: what is left of the gradient is never above the account, and the bound of
// a step that looked is not above the published one's worst case.
TEST_P(CertifiedNewtonBounds, HoldAtEveryRequest) {
  Perturbed t = trained(GetParam());
  double spent = 2 * static_cast<double>(GetParam().examples) *
                 t.record->values.at("gradient_norm").get<double>();
  for (int request = 0; request < GetParam().requests; ++request) {
    const UnlearnReport report = run_method(
        "certified_newton",
        "{sigma: 1, epsilon: 50, tolerance: 1e-9, curvature: " + GetParam().curvature + "}",
        t.model, t.task);
    ASSERT_EQ(report.status, UnlearnStatus::kCompleted) << report.message;
    ASSERT_FALSE(report.details.at("retrained").get<bool>());
    if (GetParam().curvature == "current" || detail(report, "passes") == 0) {
      spent += detail(report, "bound");  // bounds add up
    } else {
      EXPECT_LT(detail(report, "spent"), spent);
      spent = detail(report, "spent");
    }
    EXPECT_NEAR(detail(report, "spent"), spent, 1e-9 * spent + 1e-11);
    if (GetParam().curvature == "current") {
      EXPECT_LE(detail(report, "bound"), detail(report, "worst_case") + 1e-8);
    }
    EXPECT_LE(gradient_left(t), spent + 1e-11);
    t.task.state = report.state;
    forget_next(t.task);
  }
  if (GetParam().loss != LossKind::kSquaredError) {
    EXPECT_GT(gradient_left(t), 1e-3 * spent);  // and it is no empty promise
  }
}

INSTANTIATE_TEST_SUITE_P(
    Losses, CertifiedNewtonBounds,
    ::testing::Values(
        Setup{}, Setup{.classes = 3, .loss = LossKind::kOneAgainstRest},
        Setup{.classes = 0, .loss = LossKind::kSquaredError}, Setup{.curvature = "training"},
        Setup{.classes = 3, .loss = LossKind::kOneAgainstRest, .curvature = "training"},
        Setup{.classes = 0, .loss = LossKind::kSquaredError, .curvature = "training"}));

// Where bounds would pass the budget the gradient is measured: the account falls to what
// is there, and no training is needed where bounds alone would have asked for one.
TEST(CertifiedNewton, LooksWhereTheAccountNeedsIt) {
  Perturbed t = trained({});
  double sum = 0, spent = 0;
  int looks = 0, falls = 0;
  for (int request = 0; request < 100; ++request) {
    const UnlearnReport report =
        run_method("certified_newton", "{sigma: 1, epsilon: 1, delta: 0.1}", t.model, t.task);
    ASSERT_EQ(report.status, UnlearnStatus::kCompleted) << report.message;
    EXPECT_FALSE(report.details.at("retrained").get<bool>()) << request;
    sum += detail(report, "bound");
    if (detail(report, "passes") > 0) {
      ++looks;
      falls += detail(report, "spent") < spent ? 1 : 0;
    }
    spent = detail(report, "spent");
    EXPECT_LE(gradient_left(t), spent + 1e-11);
    EXPECT_LE(spent, detail(report, "budget"));
    t.task.state = report.state;
    forget_next(t.task);
  }
  EXPECT_GT(falls, 1);
  EXPECT_LT(looks, 40);
  EXPECT_GT(sum, 0.6);  // of a budget of 0.43
}

TEST(CertifiedNewton, IsRetrainingForTheSquaredError) {
  Perturbed t = trained({.classes = 0, .loss = LossKind::kSquaredError});
  forget_next(t.task, 20);
  t.task.train = testing::all_of(t.data);
  t.task.forget = t.task.train.with_rows(at::arange(21));
  t.task.retain = t.task.train.with_rows(at::arange(21, 300));
  const UnlearnReport report =
      run_method("certified_newton", "{sigma: 1, tolerance: 1e-12}", t.model, t.task);
  EXPECT_LT(detail(report, "bound"), 1e-9);
  EXPECT_LT(gradient_left(t), 1e-8);
}

// The step is H^-1 Delta, by a dense solve of plain definitions.
TEST(CertifiedNewton, SaysWhatItRestsOn) {
  Perturbed t = trained({});
  const UnlearnReport report = run_method("certified_newton", "{sigma: 1}", t.model, t.task);
  ASSERT_TRUE(report.usable()) << report.message;
  EXPECT_EQ(testing::status_of("settings were not chosen by looking", report), "assumed");
  EXPECT_EQ(testing::status_of("leaves a gradient no longer", report), "assumed");
  EXPECT_EQ(testing::status_of("inputs do not depend", report), "checked");
  const Json& certificate = report.details.at("certificate");
  EXPECT_EQ(certificate.at("covers"), "each release");
  EXPECT_TRUE(certificate.at("mu").is_null());
}

TEST(CertifiedNewton, StepsAreNewtons) {
  Perturbed t = trained({});
  const Tensor before = t.model.theta().clone();
  run_method("certified_newton", "{sigma: 1, tolerance: 1e-12, curvature: current}", t.model,
             t.task);
  const LinearWeights weights = *LinearWeights::of(t.model);
  const auto rows = [&](const Subset& s) {
    return weights.inputs(s.batch(0, s.size(), at::kDouble).inputs);
  };
  const Tensor x = rows(t.task.retain), u = rows(t.task.forget);
  const Tensor w = weights.matrix(before), p = x.matmul(w).sigmoid();
  const Tensor h = x.t().matmul(x * (p * (1 - p))) + 0.02 * 299 * at::eye(x.size(1), at::kDouble);
  const Tensor y = t.task.forget.batch(0, 1, at::kDouble).targets.to(at::kDouble);
  const Tensor delta =
      u.t().matmul((u.matmul(w).squeeze(1) - 0).sigmoid().sub(y).unsqueeze(1)) + 0.02 * w;
  const Tensor expected = w + at::linalg_solve(h, delta);
  EXPECT_LT((weights.matrix(t.model.theta()) - expected).abs().max().item<double>(), 1e-10);
}

TEST(CertifiedNewton, TrainsAnewWhenTheBudgetIsSpent) {
  Perturbed t = trained({});
  int request = 0, first = 0;
  for (; request < 60; ++request) {
    const UnlearnReport report =
        run_method("certified_newton", "{sigma: 1, epsilon: 0.01, tolerance: 1e-9}", t.model,
                   t.task, static_cast<std::uint64_t>(request));
    ASSERT_TRUE(report.usable()) << report.message;
    EXPECT_LE(detail(report, "spent"), detail(report, "budget"));
    if (report.details.at("retrained").get<bool>()) {
      if (first == 0) first = request;
      EXPECT_THAT(report.message, HasSubstr("trained anew"));
      EXPECT_LT(detail(report, "spent"), 1e-6);
      EXPECT_EQ(report.state->values.at("retrainings"), detail(report, "retrainings"));
    }
    t.task.state = report.state;
    forget_next(t.task);
  }
  EXPECT_GT(first, 0);
  EXPECT_GT(t.task.state->values.at("retrainings").get<double>(), 1);
  EXPECT_EQ(t.task.state->values.at("requests"), 60);
}

// What was spent stays spent: an account that a request without rows dropped would begin again.
TEST(CertifiedNewton, ARequestWithoutRowsKeepsTheAccount) {
  Perturbed t = trained({});
  const std::string settings = "{sigma: 1, epsilon: 50}";
  const UnlearnReport first = run_method("certified_newton", settings, t.model, t.task);
  t.task.state = first.state;
  forget_next(t.task);
  Task nothing = t.task;
  nothing.forget = nothing.train.with_rows(at::empty({0}, at::kLong));
  nothing.retain = nothing.train;
  const UnlearnReport second = run_method("certified_newton", settings, t.model, nothing);
  ASSERT_NE(second.state, nullptr);
  t.task.state = second.state;
  const UnlearnReport third = run_method("certified_newton", settings, t.model, t.task);
  EXPECT_NEAR(detail(third, "spent"), detail(first, "spent") + detail(third, "bound"), 1e-11);
}

TEST(CertifiedNewton, BudgetGrowsWithEpsilonDeltaAndSigma) {
  const auto budget = [&](const std::string& settings, double sigma) {
    Perturbed t = trained({.sigma = sigma});
    return detail(run_method("certified_newton", settings, t.model, t.task), "budget");
  };
  // The published example: epsilon 1, delta 1e-4, sigma 10.
  EXPECT_NEAR(budget("{}", 10), 10 / std::sqrt(2 * std::log(1.5e4)), 1e-12);
  EXPECT_NEAR(budget("{}", 10), 2.2803, 1e-4);
  EXPECT_LT(budget("{epsilon: 0.5}", 10), budget("{}", 10));
  EXPECT_LT(budget("{delta: 1e-5}", 10), budget("{}", 10));
  EXPECT_NEAR(budget("{sigma: 5}", 5), budget("{}", 10) / 2, 1e-12);
  // Where the published constant gives more than epsilon, the exact one stands in.
  EXPECT_LT(budget("{epsilon: 20}", 10), 20 * budget("{}", 10));
}

// In float32 parameters are rounded behind each step, and the account knows.
TEST(CertifiedNewton, CountsTheRoundingOfFloat32) {
  Perturbed t = trained({.dtype = at::kFloat});
  Model same = testing::linear_model(*t.data, testing::kLogistic);
  same.set_theta(t.model.theta());
  const std::string settings = "{sigma: 1, epsilon: 50}";
  const double in_float64 = detail(run_method("certified_newton", settings, same, t.task), "bound");
  const UnlearnReport report = run_method("certified_newton", settings, t.model, t.task);
  ASSERT_TRUE(report.usable()) << report.message;
  EXPECT_GT(detail(report, "bound"), in_float64 + 1e-8);
  EXPECT_LT(detail(report, "bound"), in_float64 + 1e-3);
  Perturbed exact = std::move(t);
  Model wide = testing::linear_model(*exact.data, testing::kLogistic);
  wide.set_theta(exact.model.theta());
  exact.model = std::move(wide);
  EXPECT_LE(gradient_left(exact), detail(report, "spent"));
}

std::string refusal(Perturbed& t, const std::string& settings = "{sigma: 1}") {
  const Tensor before = t.model.theta().clone();
  const UnlearnReport report = run_method("certified_newton", settings, t.model, t.task);
  EXPECT_EQ(report.status, UnlearnStatus::kRefused);
  EXPECT_TRUE(t.model.theta().equal(before));
  return report.message;
}

TEST(CertifiedNewton, RefusesWhereItsAssumptionsFail) {
  Perturbed t = trained({});
  t.task.record = {};
  EXPECT_THAT(refusal(t), HasSubstr("perturbation"));
  Perturbed weak = trained({});
  weak.task.recipe.objective.l2 = 0;
  EXPECT_THAT(refusal(weak), HasSubstr("l2"));
  Perturbed classes = trained({.classes = 3, .loss = LossKind::kOneAgainstRest});
  classes.task.recipe.objective.loss = LossKind::kCrossEntropy;
  EXPECT_THAT(refusal(classes), HasSubstr("one_against_rest"));
  Perturbed deep = trained({.classes = 3, .loss = LossKind::kOneAgainstRest});
  deep.model = make_model("mlp", "{hidden: [4]}", *deep.data);
  EXPECT_THAT(refusal(deep), HasSubstr("linear"));
  Perturbed weighted = trained({});
  weighted.task.retain.weights = at::ones({299}, at::kDouble);
  EXPECT_THAT(refusal(weighted), HasSubstr("weights"));
}

}  // namespace
}  // namespace oubli
