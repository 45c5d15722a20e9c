// One kind of training: its file here holds what is drawn or kept while models are trained, and it
// has a line in procedures.def.
#pragma once

#include "core/train/trainer.h"
#include "core/unlearn/method_state.h"
#include "core/unlearn/training_plan.h"

namespace oubli {

// Starts the model from the context's stream "initialisation", trains it on `subset` as the plan
// says, and puts what is to be kept into `record`.
using Procedure = TrainingReport (*)(Model& model, const Subset& subset, const TrainingPlan& plan,
                                     Context& context, MethodState& record);

#define OUBLI_PROCEDURE(name)                                                                  \
  TrainingReport name##_training(Model& model, const Subset& subset, const TrainingPlan& plan, \
                                 Context& context, MethodState& record);
#include "core/unlearn/procedures/procedures.def"
#undef OUBLI_PROCEDURE

}  // namespace oubli
