// What is asked of an unlearning method: the edit, as subsets of one data set, and the objective
// that the edited model should minimise over what remains.
#pragma once

#include <functional>

#include "core/data/dataset.h"
#include "core/nn/model.h"
#include "core/train/trainer.h"
#include "core/unlearn/method_state.h"

namespace oubli {

struct Task {
  Subset
      train;  // D: what the original model was trained on; of a later request, what is left of it
  Subset forget;  // D_u: removed; empty for a pure addition
  Subset added;   // D_a: added; empty for a pure removal
  // D_r plus D_a: what a model retrained from scratch would be trained on. A method that declares
  // that it needs no retain data is handed none.
  Subset retain;
  Subset validation;  // for methods that choose or stop by it; never the test set
  Subset test;        // not for methods to learn from: metrics only
  // How the original was trained, which is also how a retrained model is.
  TrainingRecipe recipe;

  // The original's network, parameters zero, with as many outputs as are asked for; 0: as many as
  // the original's. For a head with one class more; the original itself is in the method's hands,
  // and a copy of it can be drawn anew. None where a task is made by hand.
  std::function<Model(std::int64_t outputs)> make_model = {};

  // What the method's run on the request before this one left in its report; null at the first.
  MethodStatePtr state = {};

  // What the procedure wrote down that trained the original (training_procedure.h), read when it is
  // asked for, at no cost of the method's in seconds; empty where it wrote nothing.
  std::function<MethodStatePtr()> record = {};

  const Objective& objective() const { return recipe.objective; }
};

}  // namespace oubli
