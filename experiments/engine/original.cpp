#include "experiments/engine/original.h"

#include <fmt/format.h>

#include "core/nn/checkpoint.h"

namespace oubli {

Model original_model(const Experiment& experiment, const Plan& plan, const Registries& registries,
                     const Store& store) {
  const Stage* original = nullptr;
  for (const Stage& stage : plan.stages) {
    if (stage.kind == StageKind::kTrain && stage.training_seed == 0) original = &stage;
  }
  if (original == nullptr) throw Error(ErrorKind::kUsage, "the plan trains no original");
  if (store.check(original->key, /*thorough=*/false).state != Store::State::kSound) {
    fmt::print(stderr, "training the original model (kept in the store) ...\n");
  }
  run_stage(experiment, plan, *original, registries, store, [](double) {});
  Model model = experiment.make_model();
  load_weights(model, store.entry(original->key) / "model.safetensors");
  return model;
}

}  // namespace oubli
