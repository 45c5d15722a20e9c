#include "experiments/engine/run/stages/stage_type.h"

#include <ATen/ATen.h>

namespace oubli {

Json StageRun::input_report(std::size_t number) const {
  return outputs.json(stage.inputs[number], kReportFile);
}

Model StageRun::input_model(std::size_t number) const {
  return outputs.model(stage.inputs[number]);
}

Context StageRun::context() const {
  Context context(random_seed(stage));
  context.progress = host.progress;
  context.memory = host.memory;
  return context;
}

ModelOutputs StageRun::outputs_of(const Model& model, const Tensor& rows) const {
  CostMeter cost;
  return model_outputs(model, {experiment.dataset, rows, {}}, experiment.task.objective(), cost);
}

StageType type_of(StageKind kind) {
  switch (kind) {
#define OUBLI_STAGE(kind, name, model, type) \
  case StageKind::kind:                      \
    return type##_stage();
#include "experiments/engine/plan/stage_kinds.def"
#undef OUBLI_STAGE
  }
  throw Error(ErrorKind::kUsage, "there is no such kind of stage");
}

}  // namespace oubli
