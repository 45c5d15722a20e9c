// Training from the start: what makes originals, oracles and the method `retrain`.
#pragma once

#include "core/train/trainer.h"

namespace oubli {

// Starts the model from the context's stream "initialisation", and trains it on `subset`.
inline TrainingReport train_from_start(Model& model, const Subset& subset,
                                       const TrainingRecipe& recipe, Context& context) {
  Generator initialisation = context.generator.stream("initialisation");
  model.initialise(initialisation);
  return train(model, subset, recipe, context);
}

}  // namespace oubli
