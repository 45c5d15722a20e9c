// An original with the record of its training, and the training that a removal should lead to.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <string>

#include "core/base/settings_file.h"
#include "core/unlearn/training_procedure.h"
#include "core/unlearn/training_trajectory.h"
#include "datasets/source.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli::testing {

inline std::unique_ptr<Unlearner> unlearner_of(const std::string& name,
                                               const std::string& settings) {
  const Methods methods = builtin_methods();
  return methods.find(name).make(Settings(parse_settings(settings, "test.yaml")), methods);
}

// The first n training rows of the digits, pixels from 0 to 1.
inline Subset digits(std::int64_t n) {
  const LoadedData loaded = builtin_datasets().find("digits").configure(Settings(parse_settings(
      "{normalise: {mean: [0], deviation: [1]}}", "test")))(default_data_folders(""));
  return {std::make_shared<const Dataset>(loaded.dataset), loaded.splits.train.narrow(0, 0, n), {}};
}

inline Subset first_rows(const Subset& subset, std::int64_t begin, std::int64_t count) {
  return subset.with_rows(subset.rows.narrow(0, begin, count));
}

struct Recorded {
  Model model;
  Task task;
  MethodStatePtr record;

  Trajectory trajectory() const { return Trajectory::of(*record); }
  // What is asked next: rows of `forget` out of what is left.
  void forget(const Tensor& rows) {
    task.forget = task.train.with_rows(rows);
    task.retain = task.train.with_rows(rows_difference(task.train.rows, rows));
  }
  // The next request: what was forgotten is no longer there.
  void go_on(const UnlearnReport& report) {
    task.state = report.state;
    task.train = task.retain;
  }
};

// A model of the architecture, trained on `train` as the method asks.
inline Recorded recorded(const std::string& method, const std::string& settings,
                         const std::string& architecture, const std::string& of_architecture,
                         const Subset& train, const TrainingRecipe& recipe,
                         at::ScalarType dtype = at::kDouble) {
  Recorded made{make_model(architecture, of_architecture, *train.dataset, 0, dtype), {}, {}};
  const TrainingPlan plan = unlearner_of(method, settings)->training_plan({recipe});
  Context context(5);
  const auto record = std::make_shared<MethodState>();
  train_by_plan(made.model, train, plan, context, *record);
  made.record = record;
  made.task.train = made.task.retain = train;
  made.task.forget = made.task.added = made.task.validation = made.task.test =
      train.with_rows(at::empty({0}, at::kLong));
  made.task.recipe = plan.recipe;
  made.task.record = [record = made.record] { return record; };
  return made;
}

// theta at the end of the recorded steps when each batch goes along `gradient` (theta is the
// model's) of its rows, plus l2 theta; a batch for which it is undefined takes no step. In float64.
inline Tensor follow(
    const Recorded& original,
    const std::function<Tensor(const Model& model, const Tensor& rows)>& gradient) {
  const Trajectory trajectory = original.trajectory();
  Model model = original.model.clone();
  model.set_theta(trajectory.thetas[0]);
  const Tensors batches = trajectory.batches();
  for (std::int64_t t = 0; t < trajectory.steps(); ++t) {
    const Tensor g = gradient(model, batches[static_cast<std::size_t>(t)]);
    if (!g.defined()) continue;
    const Tensor theta = model.theta().detach().to(at::kDouble);
    model.set_theta(theta - trajectory.rate(t) * (g + original.task.objective().l2 * theta));
  }
  return model.theta().detach().clone();
}

inline Tensor mean_gradient(const Model& model, const Subset& subset, const Objective& objective) {
  CostMeter cost;
  return value_and_gradient(model, subset, {objective.loss, 0}, cost).gradient;
}

// Retraining with the same start and order: the mean over what is left of each batch.
inline Tensor retrained(const Recorded& original, const Tensor& removed) {
  const Tensor sorted = std::get<0>(removed.sort());
  return follow(original, [&](const Model& model, const Tensor& rows) {
    const Tensor left = rows.masked_select(is_among(rows, sorted).logical_not());
    if (left.numel() == 0) return Tensor();
    return mean_gradient(model, original.task.train.with_rows(left), original.task.objective());
  });
}

inline double distance(const Tensor& a, const Tensor& b) {
  return (a - b).detach().norm().item<double>();
}

}  // namespace oubli::testing
