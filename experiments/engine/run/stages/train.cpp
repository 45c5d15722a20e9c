// Trains a model from scratch: an original, an oracle, or a model of an attacker's.
#include <fmt/format.h>

#include <memory>

#include "core/nn/checkpoint.h"
#include "core/unlearn/training_procedure.h"
#include "experiments/engine/plan/training_sets.h"
#include "experiments/engine/run/stages/stage_type.h"

namespace oubli {
namespace {

void run_training(const StageRun& run) {
  Context context = run.context();
  Model model = run.experiment.make_model(run.stage.variant);
  const Subset subset = training_set(run.experiment, run.stage.kind, run.stage.seed);
  const TrainingPlan& plan = run.experiment.spec.variants[run.stage.variant].plan;
  const auto record = std::make_shared<MethodState>();
  const TrainingReport report = train_by_plan(model, subset, plan, context, *record);
  if (!report.usable()) {
    throw Error(ErrorKind::kNumerics,
                fmt::format("training of {} diverged: {}", run.stage.label, report.message));
  }
  save_model(model, run.folder / kModelFile);
  if (plan.procedure != "standard") write_state(run.folder / kRecordFile, record);
  Json json = report.to_json();
  json["usable"] = true;
  write_json(run.folder / kReportFile, json);
}

}  // namespace

StageType train_stage() {
  return {[](const Stage& stage) {
            // A twin starts and goes as the original of its number does.
            return model_name(stage.kind == StageKind::kTwin ? StageKind::kTrain : stage.kind);
          },
          run_training};
}

}  // namespace oubli
