// The original model of an experiment, for commands that look at it: from the store, or trained
// into it first.
#pragma once

#include "experiments/engine/stages.h"

namespace oubli {

// The original of training seed 0. Says on stderr when it has to train.
Model original_model(const Experiment& experiment, const Plan& plan, const Registries& registries,
                     const Store& store);

}  // namespace oubli
