// What stages do: one file in this folder for each type of stage, with the stream of random numbers
// that it draws from and its body. A type's name stands in plan/stage_kinds.def, on the lines of
// the kinds of stage that are of it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "core/base/json.h"
#include "core/unlearn/unlearner.h"
#include "experiments/engine/plan/plan.h"
#include "experiments/engine/registries.h"
#include "experiments/engine/run/run_stage.h"
#include "experiments/engine/run/stage_outputs.h"

namespace oubli {

// A stage at work: what it is made from, and the folder that it fills.
struct StageRun {
  const Experiment& experiment;
  const Plan& plan;
  const Registries& registries;
  const StageOutputs& outputs;
  const StageHost& host;
  const Stage& stage;
  const std::filesystem::path& folder;

  Json input_report(std::size_t number) const;
  Model input_model(std::size_t number) const;
  const MethodRow& method() const { return experiment.spec.methods[stage.method]; }
  // For what draws random numbers.
  Context context() const;
  ModelOutputs outputs_of(const Model& model, const Tensor& rows) const;
};

struct StageType {
  // Name of the stream of random numbers; null where none are drawn.
  std::string (*stream)(const Stage& stage) = nullptr;
  void (*run)(const StageRun& run) = nullptr;
};

#define OUBLI_STAGE(kind, name, model, type) StageType type##_stage();
#include "experiments/engine/plan/stage_kinds.def"
#undef OUBLI_STAGE

StageType type_of(StageKind kind);

// Parameters may be finite and too large all the same.
inline const char* const kNotFinite = "its outputs are not finite";

}  // namespace oubli
