#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"
#include "tests/support/toy_model.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using testing::make_dataset;
using testing::make_model;
using testing::minimise;
using testing::relative_distance;
using testing::removal_task;
using testing::run_method;

const char* const kExact = "{damping: 0, tolerance: 1e-14, max_iterations: 1000}";

// Exact retraining of ridge regression by the normal equations. The bias is regularised too.
Tensor ridge_solution(const Subset& subset, double l2) {
  const Tensor x = at::cat({subset.dataset->inputs.index_select(0, subset.rows),
                            at::ones({subset.size(), 1}, at::kDouble)},
                           1);
  const Tensor y = subset.dataset->targets.index_select(0, subset.rows);
  const double n = static_cast<double>(subset.size());
  return at::linalg_solve(x.t().mm(x) / n + l2 * at::eye(x.size(1), at::kDouble), x.t().mm(y) / n)
      .flatten();
}

// The edit that leads back.
Task undoing(const Task& edit) {
  Task back = edit;
  std::swap(back.train, back.retain);
  std::swap(back.forget, back.added);
  return back;
}

TEST(Newton, OneStepOnRidgeIsRetrainingForAnyForgetFraction) {
  const auto data = make_dataset(400, 20, 0);
  for (const std::int64_t forget : {1, 4, 40, 200}) {
    const Task task = removal_task(data, forget, 1e-2);
    Model model = make_model("linear", "{}", *data);
    model.set_theta(ridge_solution(task.train, 1e-2));
    for (const std::string form : {"retain_gradient", "removed_gradient"}) {
      Model edited = model.clone();
      run_method("newton", "{form: " + form + ", damping: 0, tolerance: 1e-14}", edited, task);
      EXPECT_LT(relative_distance(edited.theta(), ridge_solution(task.retain, 1e-2)), 1e-10)
          << form;
    }
  }
}

TEST(Newton, RetainFormIsExactOnRidgeFromAnyStart) {
  const auto data = make_dataset(200, 10, 0);
  const Task task = removal_task(data, 50, 1e-2);
  Model model = make_model("linear", "{}", *data, 9);
  run_method("newton", kExact, model, task);
  EXPECT_LT(relative_distance(model.theta(), ridge_solution(task.retain, 1e-2)), 1e-10);
}

TEST(Newton, RemovedFormReportsHowFarTheStartIsFromStationary) {
  const auto data = make_dataset(200, 10, 0);
  const Task task = removal_task(data, 50, 1e-2);
  Model at_minimum = make_model("linear", "{}", *data);
  at_minimum.set_theta(ridge_solution(task.train, 1e-2));
  Model elsewhere = make_model("linear", "{}", *data, 9);
  const auto term = [&](Model& model) {
    return run_method("newton", "{form: removed_gradient, damping: 0}", model, task)
        .details["steps"][0]["non_stationarity"]
        .get<double>();
  };
  EXPECT_LT(term(at_minimum), 1e-10);
  EXPECT_GT(term(elsewhere), 0.1);
}

TEST(Newton, RemovedFormWithNothingRemovedChangesNothing) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 0, 1e-2);
  Model model = make_model("mlp", "{}", *data);
  const Tensor before = model.theta().clone();
  run_method("newton", "{form: removed_gradient}", model, task);
  EXPECT_TRUE(model.theta().equal(before));
}

TEST(Newton, RemovingInChunksIsRemovingAtOnceOnRidge) {
  const auto data = make_dataset(200, 10, 0);
  Task task = removal_task(data, 60, 1e-2);
  Model at_once = make_model("linear", "{}", *data);
  at_once.set_theta(ridge_solution(task.train, 1e-2));
  Model in_chunks = at_once.clone();
  run_method("newton", "{form: removed_gradient, damping: 0, tolerance: 1e-14}", at_once, task);
  for (std::int64_t begin = 0; begin < 60; begin += 20) {
    Task chunk = task;
    chunk.train.rows = at::arange(begin, 200);
    chunk.forget.rows = at::arange(begin, begin + 20);
    chunk.retain.rows = at::arange(begin + 20, 200);
    run_method("newton", "{form: removed_gradient, damping: 0, tolerance: 1e-14}", in_chunks,
               chunk);
  }
  EXPECT_LT(relative_distance(in_chunks.theta(), at_once.theta()), 1e-10);
}

TEST(Newton, AddingWhatWasRemovedComesBackOnRidge) {
  const auto data = make_dataset(200, 10, 0);
  const Task removal = removal_task(data, 60, 1e-2);
  Model model = make_model("linear", "{}", *data);
  const Tensor start = ridge_solution(removal.train, 1e-2);
  model.set_theta(start);
  const Task addition = undoing(removal);
  for (const std::string form : {"retain_gradient", "removed_gradient"}) {
    const std::string settings = "{form: " + form + ", damping: 0, tolerance: 1e-14}";
    run_method("newton", settings, model, removal);
    EXPECT_GT(relative_distance(model.theta(), start), 1e-3);
    run_method("newton", settings, model, addition);
    EXPECT_LT(relative_distance(model.theta(), start), 1e-10) << form;
  }
}

// Behind an addition its removal leads back too: neither is told the order.
TEST(Newton, RemovingWhatWasAddedComesBackOnRidge) {
  const auto data = make_dataset(200, 10, 0);
  Task addition = removal_task(data, 0, 1e-2);
  addition.train.rows = at::arange(0, 140);
  addition.added.rows = at::arange(140, 200);
  addition.added.dataset = data;
  addition.retain.rows = at::arange(0, 200);
  const Task removal = undoing(addition);
  Model model = make_model("linear", "{}", *data);
  const Tensor start = ridge_solution(addition.train, 1e-2);
  model.set_theta(start);
  for (const std::string form : {"retain_gradient", "removed_gradient"}) {
    const std::string settings = "{form: " + form + ", damping: 0, tolerance: 1e-14}";
    run_method("newton", settings, model, addition);
    EXPECT_LT(relative_distance(model.theta(), ridge_solution(addition.retain, 1e-2)), 1e-10);
    EXPECT_GT(relative_distance(model.theta(), start), 1e-3);
    run_method("newton", settings, model, removal);
    EXPECT_LT(relative_distance(model.theta(), start), 1e-10) << form;
  }
}

TEST(Newton, RemovesAndAddsInOneEditOnRidge) {
  const auto data = make_dataset(200, 10, 0);
  Task task = removal_task(data, 60, 1e-2);
  task.train.rows = at::arange(0, 150);
  task.added.rows = at::arange(150, 200);
  task.added.dataset = data;
  task.retain.rows = at::arange(60, 200);
  for (const std::string form : {"retain_gradient", "removed_gradient"}) {
    Model model = make_model("linear", "{}", *data);
    model.set_theta(ridge_solution(task.train, 1e-2));
    run_method("newton", "{form: " + form + ", damping: 0, tolerance: 1e-14}", model, task);
    EXPECT_LT(relative_distance(model.theta(), ridge_solution(task.retain, 1e-2)), 1e-10) << form;
  }
}

TEST(Newton, ConvergesQuadraticallyToTheLogisticOracle) {
  const auto data = make_dataset(500, 6, 3);
  const Task task = removal_task(data, 100, 1e-2);
  Model original = make_model("logistic", "{}", *data);
  minimise(original, task.train, task);
  Model oracle = original.clone();
  minimise(oracle, task.retain, task);
  Model edited = original.clone();
  const UnlearnReport report = run_method(
      "newton", "{curvature: hessian, damping: 0, tolerance: 1e-13, max_iterations: 500, steps: 6}",
      edited, task);
  std::vector<double> norms;
  for (const Json& step : report.details["steps"]) norms.push_back(step["retain_gradient_norm"]);
  EXPECT_LE(norms[5], 1e-10);  // after five steps
  for (std::size_t k = 0; k + 1 < norms.size() && norms[k + 1] > 1e-11; ++k) {
    EXPECT_LE(norms[k + 1], 50 * norms[k] * norms[k]) << "not quadratic at step " << k;
  }
  EXPECT_LT(relative_distance(edited.theta(), oracle.theta()), 1e-9);
}

// Removing a share of the weight of the same points, so that only the size of the edit changes.
TEST(Newton, LogisticErrorFallsWithTheSquareOfTheShareRemoved) {
  const auto data = make_dataset(1000, 5, 2);
  const auto error = [&](double share) {
    Task task = removal_task(data, 100, 1e-2);
    task.retain = task.train;
    task.retain.weights = at::ones({1000}, at::kDouble);
    task.retain.weights.narrow(0, 0, 100).fill_(1 - share);
    Model original = make_model("logistic", "{}", *data);
    minimise(original, task.train, task);
    Model oracle = original.clone();
    minimise(oracle, task.retain, task);
    run_method("newton", kExact, original, task);
    return relative_distance(original.theta(), oracle.theta());
  };
  const double ratio = error(0.4) / error(0.2);
  EXPECT_GT(ratio, 3);
  EXPECT_LT(ratio, 5);
}

TEST(Newton, ASolveThatDoesNotConvergeIsSaidToBePartial) {
  const auto data = make_dataset(200, 10, 0);
  const Task task = removal_task(data, 50, 1e-6);
  Model model = make_model("linear", "{}", *data);
  const UnlearnReport report =
      run_method("newton", "{damping: 0, tolerance: 1e-14, max_iterations: 2}", model, task);
  EXPECT_EQ(report.status, UnlearnStatus::kPartial);
  EXPECT_NE(report.message.find("max_iterations"), std::string::npos);
}

// Every curvature that is the Hessian of a model linear in its parameters gives the same step.
TEST(Newton, TakesAnyCurvatureSolverAndPreconditioner) {
  const auto data = make_dataset(200, 5, 0);
  const Task task = removal_task(data, 50, 1e-2);
  const Model start = make_model("linear", "{}", *data, 9);
  const Tensor truth = ridge_solution(task.retain, 1e-2);
  for (const std::string settings :
       {"curvature: hessian", "curvature: ggn", "solver: direct", "solver: minres",
        "solver: block_cg", "preconditioner: jacobi", "preconditioner: ekfac"}) {
    Model model = start.clone();
    const UnlearnReport report = run_method(
        "newton", "{damping: 0, tolerance: 1.0e-13, max_iterations: 1000, " + settings + "}", model,
        task);
    EXPECT_LT(relative_distance(model.theta(), truth), 1e-10) << settings << report.message;
  }
  // One output and the squared error: K-FAC of the exact Fisher would be exact; that of one draw
  // for each example is near. Its certificate is of its own matrix all the same.
  Model model = start.clone();
  const UnlearnReport report =
      run_method("newton", "{curvature: kfac, damping: 0, tolerance: 1.0e-10}", model, task);
  EXPECT_EQ(report.details["steps"][0]["solve"]["status"], "converged");
  EXPECT_LT(relative_distance(model.theta(), truth), 0.5);
}

TEST(Newton, ReportsTheDecreaseOverThePredictedOne) {
  const auto data = make_dataset(200, 5, 0);
  const Task task = removal_task(data, 50, 1e-2);
  Model model = make_model("linear", "{}", *data, 9);
  for (const std::string settings : {"damping: 0", "damping: 0.3", "damping: 0.3, scale: 0.5"}) {
    Model edited = model.clone();
    const UnlearnReport report =
        run_method("newton", "{tolerance: 1.0e-12, " + settings + "}", edited, task);
    // On a quadratic the prediction is right, damped or not.
    EXPECT_NEAR(report.details["steps"][0]["reduction_ratio"].get<double>(), 1, 1e-9) << settings;
  }
}

TEST(Newton, DampingControlTakesBackStepsThatRaiseTheObjective) {
  // Confidently wrong: the Gauss-Newton matrix is nearly zero there, and an undamped step
  // overshoots.
  const auto data = make_dataset(100, 4, 3);
  const Task task = removal_task(data, 10, 1e-6);
  Model model = make_model("logistic", "{}", *data);
  model.set_theta(5 * Generator(3).normal({model.dim()}, at::kDouble));
  CostMeter cost;
  const auto objective = [&](const Model& at_model) {
    return value_only(at_model, task.retain, task.objective(), cost).objective;
  };
  const double before = objective(model);
  Model fixed = model.clone();
  const UnlearnReport uncontrolled = run_method("newton", "{damping: 1.0e-6}", fixed, task);
  const Json& first = uncontrolled.details["steps"][0];
  ASSERT_LT(first["reduction_ratio"].get<double>(), -1) << "the test needs a step that overshoots";
  EXPECT_FALSE(first["taken"].get<bool>());
  EXPECT_EQ(uncontrolled.status, UnlearnStatus::kUnchanged);
  EXPECT_THAT(uncontrolled.message, HasSubstr("not taken: the objective rises"));

  Model controlled = model.clone();
  const UnlearnReport report =
      run_method("newton", "{damping: 1.0e-3, steps: 6, damping_control: levenberg_marquardt}",
                 controlled, task);
  EXPECT_LT(objective(controlled), before);
  double last = before;
  for (const Json& step : report.details["steps"]) {
    if (!step["taken"].get<bool>()) continue;
    EXPECT_LE(step["retain_objective"].get<double>(), last);
    last = step["retain_objective"];
  }
}

// A repeated solve that converged in the end is all that counts.
TEST(Newton, ARetriedStepIsJudgedByItsLastSolve) {
  const auto data = make_dataset(100, 4, 3);
  const Task task = removal_task(data, 10, 1e-6);
  Model model = make_model("logistic", "{}", *data);
  model.set_theta(5 * Generator(3).normal({model.dim()}, at::kDouble));
  const UnlearnReport report = run_method(
      "newton",
      "{damping: 1.0e-5, max_iterations: 6, tolerance: 0.05, damping_control: levenberg_marquardt}",
      model, task);
  const Json& steps = report.details["steps"];
  ASSERT_GT(steps.size(), 1);
  ASSERT_NE(steps.front()["solve"]["status"], "converged")
      << "the test needs a first solve that fails";
  ASSERT_EQ(steps.back()["solve"]["status"], "converged");
  EXPECT_EQ(report.status, UnlearnStatus::kCompleted) << report.message;
}

// Two classes with a gap between them and no regulariser: the objective has no minimum, its
// curvature all but vanishes, and conjugate gradients get nowhere.
TEST(Newton, DoesNotRuinAModelOfSeparableClasses) {
  auto data = std::make_shared<Dataset>(*make_dataset(80, 6, 2));
  data->inputs.select(1, 0).copy_(data->targets.to(at::kDouble) * 8 - 4);
  const Task task = removal_task(data, 8, 0);
  Model model = make_model("logistic", "{}", *data);
  model.set_theta(60 * at::cat({at::tensor({-1.0, 0.0, 0.0, 0.0, 0.0, 0.0}, at::kDouble),
                                at::tensor({1.0, 0.0, 0.0, 0.0, 0.0, 0.0}, at::kDouble),
                                at::zeros({2}, at::kDouble)}));
  CostMeter cost;
  const auto objective = [&](const Model& at_model) {
    return value_only(at_model, task.retain, task.objective(), cost).objective;
  };
  for (const std::string method : {"newton", "influence"}) {
    for (const std::string solver : {"cg", "direct"}) {
      Model edited = model.clone();
      const UnlearnReport report =
          run_method(method, "{damping: 0, solver: " + solver + "}", edited, task);
      EXPECT_LT(objective(edited), 1e-3) << method << solver << report.message;
    }
  }
}

// A Kronecker-factored matrix that is a diagonal for some parameters says for which.
TEST(Newton, NamesParametersWithoutAFactoredBlock) {
  const auto data = make_dataset(40, 4, 3);
  Model model = testing::toy_model([](Sequential& net, ParameterTable& table) {
    net.add(std::make_unique<testing::ProductWithoutRules>(table, "plain", 4));
    net.add(std::make_unique<Linear>(table, "linear", 4, 3));
  });
  const UnlearnReport report = testing::run_method(
      "newton", "{curvature: {name: kfac}, damping: 0.1}", model, removal_task(data, 5, 0.1));
  ASSERT_EQ(report.warnings.size(), 1u);
  EXPECT_THAT(report.warnings.front(), ::testing::HasSubstr("factored block: plain.weight"));
}

}  // namespace
}  // namespace oubli
