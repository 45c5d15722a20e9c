// Teaches a model some of the facts that were forgotten, and takes what comes back of the others.
#include "core/evaluate/rtt.h"

#include <ATen/ATen.h>

#include "experiments/engine/plan/training_sets.h"
#include "experiments/engine/run/stages/stage_type.h"

namespace oubli {
namespace {

Tensor held_out_wordings(const Experiment& experiment) {
  for (const NamedRows& set : experiment.named_sets) {
    if (set.name == "forget_reworded") return set.rows;
  }
  return at::empty({0}, at::kLong);
}

void run_rtt(const StageRun& run) {
  const Json report = run.input_report(0);
  write_json(run.folder / kReportFile, {{"usable", report.at("usable")}});
  if (!report.at("usable").get<bool>()) return;
  Context context = run.context();
  Model model = run.input_model(0);
  const Experiment& experiment = run.experiment;
  const Task task = task_of(experiment, run.stage);
  const RttSettings& settings = experiment.spec.rtt;
  const TaughtAndJudged rows = divide_facts(*experiment.dataset, task.forget.rows,
                                            held_out_wordings(experiment), settings.part);
  const RttCurve curve =
      retrain_on_part(model, experiment.dataset, rows, settings.steps.recipe(task.recipe), context);
  write_json(
      run.folder / kRttFile,
      {{"recall", curve.recall}, {"loss", curve.loss}, {"taught_recall", curve.taught_recall}});
}

}  // namespace

StageType rtt_stage() {
  return {[](const Stage&) { return std::string("rtt"); }, run_rtt};
}

}  // namespace oubli
