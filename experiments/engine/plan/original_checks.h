// What is looked at before a model that was given is taken for what this experiment's training
// would have made.
#pragma once

#include <string>

#include "experiments/engine/plan/experiment.h"

namespace oubli {

// Throws Error(kTask) where weights that `oubli apply` made to forget some rows would be trained on
// those again: a record beside the file says which they were, and they are among those that remain.
void require_not_relearnt(const Experiment& experiment, std::size_t number);

// A note where the model does worse on what it was trained on than to give every example the same
// answer, as one does that sees other inputs than it was trained on; "" where it does not.
std::string worse_than_a_constant(const Experiment& experiment, const Model& model,
                                  std::size_t number);

}  // namespace oubli
