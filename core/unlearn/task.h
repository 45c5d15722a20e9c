// What is asked of an unlearning method: the edit, as subsets of one data set, and the objective
// that the edited model should minimise over what remains.
#pragma once

#include "core/data/dataset.h"
#include "core/train/trainer.h"

namespace oubli {

struct Task {
  Subset train;   // D: what the original model was trained on
  Subset forget;  // D_u: removed; empty for a pure addition
  Subset added;   // D_a: added; empty for a pure removal
  // D_r plus D_a: what a model retrained from scratch would be trained on. A method that declares
  // that it needs no retain data is handed none.
  Subset retain;
  Subset validation;  // for methods that choose or stop by it; never the test set
  Subset test;        // not for methods to learn from: metrics only
  // How the original was trained, which is also how a retrained model is.
  TrainingRecipe recipe;

  const Objective& objective() const { return recipe.objective; }
};

}  // namespace oubli
