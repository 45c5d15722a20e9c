// Makes a model that is never trained.
#include "core/nn/checkpoint.h"
#include "experiments/engine/run/stages/stage_type.h"

namespace oubli {
namespace {

void run_initialisation(const StageRun& run) {
  Generator generator = run.context().generator.stream("initialisation");
  Model model = run.experiment.make_model();
  model.initialise(generator);
  save_model(model, run.folder / kModelFile);
  write_json(run.folder / kReportFile, {{"usable", true}, {"sample_gradients", 0}, {"seconds", 0}});
}

}  // namespace

StageType initial_stage() {
  return {[](const Stage& stage) { return model_name(stage.kind); }, run_initialisation};
}

}  // namespace oubli
