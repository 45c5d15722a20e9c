// An original trained as a method asks, with what its training wrote down, and the requests that
// come after it.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "core/unlearn/training_procedure.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli::testing {

// A linear model with as many outputs as the loss asks for, parameters zero.
inline Model linear_model(const Dataset& data, LossKind loss, at::ScalarType dtype = at::kDouble) {
  Dataset like = data;
  like.outputs = Objective{loss, 0}.outputs_for(data);
  const Network network = make_network("linear", "{}", like);
  return {network.layers, network.table, dtype};
}

constexpr LossKind kLogistic = LossKind::kBinaryLogistic;

struct PlannedOriginal {
  Task task;
  Model model;
  std::shared_ptr<MethodState> record;
  TrainingPlan plan;

  const MethodState& left() const { return *record; }
  // Moves on to the next request: `rows` more, those that come first.
  void forget_next(const UnlearnReport& report, std::int64_t rows) {
    task.state = report.state;
    task.train = task.retain;
    task.forget = task.train.with_rows(task.train.rows.narrow(0, 0, rows));
    task.retain = task.train.with_rows(task.train.rows.narrow(0, rows, task.train.size() - rows));
  }
};

inline PlannedOriginal planned_original(const std::string& method, const std::string& settings,
                                        Task task, Model model, std::uint64_t seed = 7) {
  const Methods methods = builtin_methods();
  const Settings read(parse_settings(settings, "test"));
  const auto unlearner = methods.find(method).make(read, methods);
  const TrainingPlan plan = unlearner->training_plan({task.recipe});
  const auto record = std::make_shared<MethodState>();
  Context context(seed);
  train_by_plan(model, task.train, plan, context, *record);
  task.record = [record] { return record; };
  return {std::move(task), std::move(model), record, plan};
}

// The parameters that training starts from.
inline Tensor start_of(const PlannedOriginal& original, std::uint64_t seed = 7) {
  Model model = original.model.clone();
  Generator initialisation = Context(seed).generator.stream("initialisation");
  model.initialise(initialisation);
  return model.theta().clone();
}

inline Tensor minimum_over(const Subset& subset, const Task& task, const Model& like) {
  Model model = like.clone();
  minimise(model, subset, task);
  return model.theta().clone();
}

// Of the certificate in the report.
inline double certified(const UnlearnReport& report, const char* name) {
  return report.details.at("certificate").at(name).get<double>();
}

// Of the assumption of the certificate that has this in its text; "" where none has.
inline std::string status_of(const std::string& text, const UnlearnReport& report) {
  for (const Json& assumption : report.details.at("certificate").at("assumptions")) {
    if (assumption.at("text").get<std::string>().find(text) == std::string::npos) continue;
    return assumption.at("status");
  }
  return "";
}

// The parameters before their noise, which a Newton step's state keeps.
inline Tensor unreleased(const UnlearnReport& report) { return report.state->tensor("unreleased"); }

// Gradient descent inside a ball, by automatic differentiation: projected before the first step and
// behind each.
inline void descend_in_ball(Model& model, const Subset& subset, const Objective& objective,
                            int steps, double eta, double radius) {
  const auto project = [&] {
    const double norm = model.theta().norm().item<double>();
    if (norm > radius) model.set_theta(model.theta() * (radius / norm));
  };
  CostMeter cost;
  project();
  for (int i = 0; i < steps; ++i) {
    model.add_to_theta(value_and_gradient(model, subset, objective, cost).gradient, -eta);
    project();
  }
}

// What the method says to it, having moved nothing.
inline std::string refusal_of(const std::string& method, const std::string& settings,
                              PlannedOriginal& original) {
  const Tensor before = original.model.theta().clone();
  const UnlearnReport report = run_method(method, settings, original.model, original.task);
  EXPECT_EQ(report.status, UnlearnStatus::kRefused);
  EXPECT_TRUE(original.model.theta().equal(before));
  return report.message;
}

inline double length_between(const Tensor& a, const Tensor& b) {
  return (a - b).norm().item<double>();
}

}  // namespace oubli::testing
