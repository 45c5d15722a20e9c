#include "experiments/engine/run/stages/attribution_files.h"

#include <ATen/ATen.h>

#include "core/nn/tensor_file.h"
#include "experiments/engine/run/run_stage.h"

namespace oubli {

Tensor stored_tensor(const StageRun& run, std::size_t stage, const char* file,
                     const std::string& name) {
  for (const auto& [other, tensor] : run.outputs.tensors(stage, file).tensors) {
    if (other == name) return tensor;
  }
  return {};
}

Tensor stored_effect(const StageRun& run, std::size_t stage, std::size_t trial) {
  return stored_tensor(run, stage, kEffectsFile, effect_name(trial));
}

AttributionTask attribution_task(const StageRun& run, std::size_t original) {
  const Task& task = run.experiment.task;
  return {task.train, task.test, task.recipe, Generator(random_seed(run.plan.stages[original]))};
}

}  // namespace oubli
