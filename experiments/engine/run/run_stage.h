// Runs one stage of a plan.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include "experiments/engine/plan/plan.h"
#include "experiments/engine/run/store.h"

namespace oubli {

// What the random numbers of a stage start from. Streams differ in name, so an oracle never shares
// a start or an order with an original. Error(kUsage) for a stage that draws none.
std::uint64_t random_seed(const Stage& stage);

// What the process that runs a stage lends it.
struct StageHost {
  std::function<void(double share)> progress = [](double) {};
  std::int64_t memory = std::numeric_limits<std::int64_t>::max();  // Context::memory
  // Called where another process is doing this stage.
  std::function<void(const std::string& holder)> on_wait = {};
};

// Runs one stage, unless the store already has it, with its inputs read from the store. Returns
// true where it worked. Throws where the stage cannot be done: nothing is stored then.
bool run_stage(const Experiment& experiment, const Plan& plan, const Stage& stage,
               const Registries& registries, const Store& store, const StageHost& host = {});

}  // namespace oubli
