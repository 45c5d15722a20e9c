// The recipe, from random parameters; nothing is kept.
#include "core/unlearn/initial_training.h"
#include "core/unlearn/procedures/procedure.h"

namespace oubli {

TrainingReport standard_training(Model& model, const Subset& subset, const TrainingPlan& plan,
                                 Context& context, MethodState&) {
  return train_from_start(model, subset, plan.recipe, context);
}

}  // namespace oubli
