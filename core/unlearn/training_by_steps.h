// Training from the start in steps that are no recipe's, with the report that training gives: for
// procedures whose steps go over the whole set.
#pragma once

#include <functional>

#include "core/train/trainer.h"
#include "core/unlearn/training_plan.h"

namespace oubli {

struct StepsTaken {
  std::int64_t steps = 0;
  bool is_stopped = false;  // by the context, before the end
  bool is_possible = true;  // otherwise no step was taken, and the plan's recipe trains the model
};

// `take` moves the model from the parameters drawn.
TrainingReport train_by_steps(Model& model, const Subset& subset, const TrainingPlan& plan,
                              Context& context, const std::function<StepsTaken()>& take);

}  // namespace oubli
