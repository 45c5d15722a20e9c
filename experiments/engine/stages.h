// What each kind of stage does.
#pragma once

#include <functional>

#include "experiments/engine/plan.h"
#include "experiments/engine/store.h"

namespace oubli {

// What the random numbers of a stage start from. Streams differ in name, so an oracle never shares
// a start or an order with an original.
std::uint64_t random_seed(const Stage& stage);

// Runs one stage, unless the store already has it, with its inputs read from the store. Returns
// true where it worked. Throws where the stage cannot be done: nothing is stored then.
bool run_stage(const Experiment& experiment, const Plan& plan, const Stage& stage,
               const Registries& registries, const Store& store,
               const std::function<void(double)>& progress);

}  // namespace oubli
