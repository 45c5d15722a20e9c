// How models are trained where a method asks for more than another recipe: what is drawn or kept
// while they are, and written down beside them for the method to read (Task::record).
//
//   standard    the recipe, from random parameters
//   perturbed   {sigma}: the objective plus b'theta / n, b ~ N(0, sigma^2 I) drawn once for each
//               model (Guo et al. 2020, arXiv 1911.03030). Record: b, and the gradient's norm at
//               the end
//
// A plan (training_plan.h) names the procedure; equal plans share their models.
#pragma once

#include "core/unlearn/initial_training.h"
#include "core/unlearn/method_state.h"
#include "core/unlearn/training_plan.h"

namespace oubli {

// Starts the model from the context's stream "initialisation" and trains it on `subset` as the plan
// says; what is to be kept goes into `record`. Error(kUsage) for a procedure that is not there.
TrainingReport train_by_plan(Model& model, const Subset& subset, const TrainingPlan& plan,
                             Context& context, MethodState& record);

}  // namespace oubli
