#include "experiments/engine/commands/original.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "core/base/machine_limits.h"
#include "experiments/engine/run/run_stage.h"

namespace oubli {

const Stage& finished_original(const Experiment& experiment, const Plan& plan,
                               const Registries& registries, const Store& store) {
  const auto original = std::find_if(
      plan.stages.begin(), plan.stages.end(),
      [](const Stage& stage) { return is_original(stage.kind) && stage.training_seed == 0; });
  if (original == plan.stages.end()) throw Error(ErrorKind::kUsage, "the plan trains no original");
  if (store.check(original->key, /*thorough=*/false).state != Store::State::kSound) {
    fmt::print(stderr, "training the original model (kept in the store) ...\n");
  }
  run_stage(experiment, plan, *original, registries, store, {.memory = available_memory() / 4});
  return *original;
}

}  // namespace oubli
