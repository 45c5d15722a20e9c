// Training to the minimum, for methods whose theory starts from there.
#pragma once

#include "core/unlearn/training_plan.h"

namespace oubli {

// The plan with L-BFGS in the place of steps in batches, to a gradient of 1e-9; a plan that has it
// stays what it is.
inline TrainingPlan trained_to_the_minimum(TrainingPlan plan) {
  if (plan.recipe.optimizer.is_full_batch()) return plan;
  plan.recipe.optimizer = {.name = "lbfgs"};
  plan.recipe.optimizer.max_iterations = 2000;
  return plan;
}

}  // namespace oubli
