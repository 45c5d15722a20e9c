// Trains a model on D again, and takes how soon the forget set comes back.
#include "core/evaluate/relearning.h"
#include "experiments/engine/plan/training_sets.h"
#include "experiments/engine/run/stages/stage_type.h"

namespace oubli {
namespace {

void run_relearning(const StageRun& run) {
  const Json report = run.input_report(0);
  write_json(run.folder / kReportFile, {{"usable", report.at("usable")}});
  if (!report.at("usable").get<bool>()) return;
  Context context = run.context();
  Model model = run.input_model(0);
  const Task task = task_of(run.experiment, run.stage);
  const Relearning curve =
      relearn(model, task.train, task.forget, task.recipe, run.experiment.spec.relearning, context);
  write_json(run.folder / kRelearningFile,
             {{"forget_loss", curve.forget_loss}, {"forget_accuracy", curve.forget_accuracy}});
}

}  // namespace

StageType relearn_stage() {
  return {[](const Stage&) { return std::string("relearning"); }, run_relearning};
}

}  // namespace oubli
