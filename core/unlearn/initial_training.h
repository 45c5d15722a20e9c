// Training from the start: what makes originals, oracles and the method `retrain`.
#pragma once

#include "core/unlearn/task.h"

namespace oubli {

// Starts the model as the task says, from the context's stream "initialisation", and trains it on
// `subset` with the task's recipe.
inline TrainingReport train_from_start(Model& model, const Subset& subset, const Task& task,
                                       Context& context) {
  Generator initialisation = context.generator.stream("initialisation");
  task.initialise(model, initialisation);
  return train(model, subset, task.recipe, context);
}

}  // namespace oubli
