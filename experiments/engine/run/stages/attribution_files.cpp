#include "experiments/engine/run/stages/attribution_files.h"

#include <ATen/ATen.h>

#include "core/nn/tensor_file.h"
#include "experiments/engine/run/run_stage.h"

namespace oubli {

Tensors stored_effects(const StageRun& run, std::size_t stage, std::size_t trials) {
  const TensorFile file = run.outputs.tensors(stage, kEffectsFile);
  Tensors effects;
  for (std::size_t trial = 0; trial < trials; ++trial) {
    effects.push_back(find_tensor(file.tensors, effect_name(trial)));
  }
  return effects;
}

AttributionTask attribution_task(const StageRun& run, std::size_t original) {
  const Task& task = run.experiment.task;
  return {task.train, task.test, task.recipe, Generator(random_seed(run.plan.stages[original]))};
}

}  // namespace oubli
