// How models are trained where a method asks for more than another recipe: what is drawn or kept
// while they are, and written down beside them for the method to read (Task::record). A plan
// (training_plan.h) names the procedure; equal plans share their models. What there is stands in
// core/unlearn/procedures/, one file for each.
#pragma once

#include "core/train/trainer.h"
#include "core/unlearn/method_state.h"
#include "core/unlearn/training_plan.h"

namespace oubli {

// Starts the model from the context's stream "initialisation" and trains it on `subset` as the plan
// says; what is to be kept goes into `record`. Error(kUsage) for a procedure that is not there.
TrainingReport train_by_plan(Model& model, const Subset& subset, const TrainingPlan& plan,
                             Context& context, MethodState& record);

}  // namespace oubli
