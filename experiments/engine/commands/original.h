// The original of an experiment, for commands that look at it: from the store, or trained into it
// first.
#pragma once

#include "experiments/engine/plan/plan.h"
#include "experiments/engine/registries.h"
#include "experiments/engine/run/store.h"

namespace oubli {

// The stage that trains the original of seed 0, done. Says on stderr when it has to train.
const Stage& finished_original(const Experiment& experiment, const Plan& plan,
                               const Registries& registries, const Store& store);

}  // namespace oubli
