#include "core/train/trainer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <chrono>

#include "core/train/lbfgs.h"
#include "core/train/least_squares.h"

namespace oubli {
namespace {

void run_epochs(Model& model, const Subset& subset, const TrainingRecipe& recipe, Context& context,
                const StepChanges& changes, TrainingReport& report) {
  Descent descent(model, recipe, context, changes);
  BatchStream batches = descent.batches(subset);
  while (descent.next_epoch()) {
    for (const Batch& batch : batches) descent.step(descent.loss(batch));
  }
  static_cast<DescentReport&>(report) = descent.report();
}

// Whether each example's own class has the largest score, by more than nothing.
bool classifies_all(const Model& model, const Subset& subset, const Objective& objective) {
  CostMeter reporting;
  const Tensor scores = objective.class_scores(predict(model, subset, reporting));
  const Tensor labels = subset.dataset->targets.index_select(0, subset.rows).to(at::kLong);
  const Tensor own = scores.gather(1, labels.unsqueeze(1)).squeeze(1);
  return (own > without_label(scores, labels).amax(1)).all().item<bool>();
}

bool has_absent_class(const Subset& subset) {
  const Tensor labels = subset.dataset->targets.index_select(0, subset.rows);
  return at::bincount(labels, {}, subset.dataset->outputs).eq(0).any().item<bool>();
}

// Without l2 a classifier's loss may fall without end. Empty where that is not seen.
std::string why_no_minimum(const Model& model, const Subset& subset, const Objective& objective) {
  if (objective.l2 > 0 || objective.loss == LossKind::kSquaredError) return "";
  if (has_absent_class(subset)) {
    return "a class has no example here, and without l2 its probability falls without end";
  }
  if (classifies_all(model, subset, objective)) {
    return fmt::format(
        "all {} examples are classified right, and without l2 larger parameters lower the loss "
        "without end",
        subset.size());
  }
  return "";
}

void run_lbfgs(Model& model, const Subset& subset, const TrainingRecipe& recipe, Context& context,
               const StepChanges& changes, TrainingReport& report) {
  if (changes.on_gradient || changes.after_step) {
    throw Error(ErrorKind::kUsage, "L-BFGS takes no steps that can be changed");
  }
  const Tensor movable = movable_parameters(model, recipe, changes);
  const SmoothFunction function = [&](const Tensor& x, Tensor& gradient) {
    model.set_theta(x);
    ObjectiveValue value = value_and_gradient(model, subset, recipe.objective, context.cost);
    gradient = value.gradient;
    if (changes.linear.defined()) {
      gradient.add_(changes.linear);
      value.objective += changes.linear.dot(x).item<double>();
    }
    // Steps are sums of gradients and of steps: what has no gradient does not move by one bit.
    if (movable.defined()) gradient.mul_(movable);
    return value.objective;
  };
  Tensor x = model.theta().to(at::kDouble, /*non_blocking=*/false, /*copy=*/true);
  const LbfgsReport solved = minimise_lbfgs(
      function, x,
      {recipe.optimizer.tolerance, recipe.optimizer.max_iterations, recipe.optimizer.memory},
      [&] { return context.should_stop(); });
  model.set_theta(x);
  report.epochs = static_cast<double>(solved.evaluations);
  report.message = solved.message;
  switch (solved.status) {
    case LbfgsStatus::kConverged:
      report.status = TrainingStatus::kConverged;
      break;
    case LbfgsStatus::kNonFinite:
      report.status = TrainingStatus::kDiverged;
      return;
    case LbfgsStatus::kStopped:
      report.status = TrainingStatus::kStopped;
      return;
    case LbfgsStatus::kLineSearchFailed:
      report.status = TrainingStatus::kLineSearchFailed;
      break;
    case LbfgsStatus::kMaxIterations:
      report.status = TrainingStatus::kMaxIterations;
      break;
  }
  const std::string no_minimum = why_no_minimum(model, subset, recipe.objective);
  if (!no_minimum.empty()) {
    report.status = TrainingStatus::kNoMinimum;
    report.message += "; but the objective has no minimum: " + no_minimum + "; set l2 above 0";
  }
}

void run_least_squares(Model& model, const Subset& subset, const TrainingRecipe& recipe,
                       Context& context, const StepChanges& changes, TrainingReport& report) {
  const bool is_changed = changes.on_gradient || changes.after_step || changes.linear.defined() ||
                          movable_parameters(model, recipe, changes).defined();
  if (is_changed)
    throw Error(ErrorKind::kUsage, "least_squares takes no steps that can be changed");
  report.message = solve_least_squares(model, subset, recipe.objective, context.cost);
  report.epochs = 1;
  report.status = report.message.empty() ? TrainingStatus::kConverged : TrainingStatus::kNoMinimum;
}

}  // namespace

TrainingReport train(Model& model, const Subset& subset, const TrainingRecipe& recipe,
                     Context& context, const StepChanges& changes) {
  if (subset.empty()) throw Error(ErrorKind::kUsage, "training needs at least one example");
  const auto start = std::chrono::steady_clock::now();
  const double cost_before = context.cost.sample_gradients();
  TrainingReport report;
  if (recipe.optimizer.name == "least_squares") {
    run_least_squares(model, subset, recipe, context, changes, report);
  } else if (recipe.optimizer.is_full_batch()) {
    run_lbfgs(model, subset, recipe, context, changes, report);
  } else {
    run_epochs(model, subset, recipe, context, changes, report);
  }
  report.sample_gradients = context.cost.sample_gradients() - cost_before;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  CostMeter reporting;
  const ObjectiveValue value = value_and_gradient(model, subset, recipe.objective, reporting);
  report.loss = value.loss;
  report.objective = value.objective;
  report.gradient_norm = value.gradient.norm().item<double>();
  if (!value.finite() && report.status != TrainingStatus::kDiverged) {
    report.status = TrainingStatus::kDiverged;
    report.message =
        fmt::format("the objective at the end is {}; lower the learning rate", value.objective);
  }
  return report;
}

}  // namespace oubli
