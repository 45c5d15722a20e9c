// Whether an experiment's parts fit one another and the machine, found before anything is trained:
// everything that would otherwise end a stage after an hour.
#pragma once

#include "experiments/engine/plan/experiment.h"
#include "experiments/engine/plan/plan.h"

namespace oubli {

// Bytes that a worker holds at least: the data, the model with its gradient, the optimiser's
// vectors and a copy, and the outputs on every set. Activations are not among them.
double least_memory(const Experiment& experiment);

// Throws Error(kSettings), located at the setting in question, where augmentation meets examples
// that are no images or smaller than its border; where numbers of the data are none in the model's
// type; and where least_memory is more than there is.
void require_fit(const Experiment& experiment);

// Throws Error(kSettings) where a model that the plan trains, an attacker's included, would meet a
// batch of one example that batch normalisation has no variance of.
void require_batches_for_normalisation(const Experiment& experiment, const Plan& plan);

}  // namespace oubli
