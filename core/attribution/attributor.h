// Attributors: how much each training example counts for each prediction. Where a method of
// unlearning asks what a model would be without one set, an attributor asks it of every example and
// every test at once, to first order.
//
//   effect[i, t] = change of test t's loss when training example i is left out
//
// Positive: the loss rises without i, which helped. What is predicted for training on a subset S is
// the sum of the effects of what S lacks, which is what scores hold it to (metrics lds and
// leave_one_out).
//
// A new attributor is one subclass in core/attribution/attributors/NAME.cpp and its line in
// attributors.def. A program of one's own adds it to Registries::attributors.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/context.h"
#include "core/base/json.h"
#include "core/base/registry.h"
#include "core/nn/model.h"
#include "core/train/recipe.h"

namespace oubli {

struct AttributionTask {
  Subset train;
  Subset tests;
  TrainingRecipe recipe;
  // What the model's training drew from: train_from_start with it, on `train`, makes it again.
  Generator training;

  const Objective& objective() const { return recipe.objective; }
  Objective loss() const { return {recipe.objective.loss, 0}; }  // of one example
};

struct Attribution {
  Tensor effect;             // float64 [n, tests], in the loss's units
  std::string refusal;       // why there is none
  std::string warning = {};  // what a user should know of effects that are there
  Json details = Json::object();
};

class Attributor {
 public:
  virtual ~Attributor() = default;
  // Error(kTask) for what it cannot do, known from the recipe and a model with any parameters.
  virtual void require_fitting(const Model& model, const AttributionTask& task) const {
    (void)model;
    (void)task;
  }
  // Sample-gradients that it takes, or at most takes.
  virtual double estimate_cost(const AttributionTask& task) const = 0;
  // `model` was trained on task.train. Numerical outcomes go into `refusal`; exceptions are for
  // models and tasks that the attributor cannot do.
  virtual Attribution attribute(const Model& model, const AttributionTask& task,
                                Context& context) const = 0;
};

struct AttributorInfo {
  std::string name;  // in YAML, and of its file
  std::string summary;
  std::string reference = {};
  std::string definition = {};  // the formula, with every constant
  int version = 1;              // raised when its effects change: stored ones are made again
  std::string file_hash = {};   // as a method's (core/unlearn/unlearner.h)
  std::function<std::unique_ptr<Attributor>(const Settings&)> make = {};
};

template <typename A>
std::unique_ptr<Attributor> make_attributor(const Settings& settings) {
  return std::make_unique<A>(settings);
}

Registry<AttributorInfo> builtin_attributors();

}  // namespace oubli
