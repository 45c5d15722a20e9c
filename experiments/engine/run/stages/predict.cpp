// Takes a model's outputs on every set.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/nn/tensor_file.h"
#include "experiments/engine/run/stages/stage_type.h"

namespace oubli {
namespace {

void run_prediction(const StageRun& run) {
  const Json report = run.input_report(0);
  write_json(run.folder / kReportFile, {{"usable", report.at("usable")}});
  if (!report.at("usable").get<bool>()) return;
  const Model model = run.input_model(0);
  const Tensor rows = run.experiment.metric_rows();
  const ModelOutputs outputs = run.outputs_of(model, rows);
  if (!outputs.outputs.isfinite().all().item<bool>()) {
    const Stage& made = run.plan.stages[run.stage.inputs.front()];
    if (made.kind != StageKind::kUnlearn) {
      throw Error(ErrorKind::kNumerics,
                  fmt::format("training of {} diverged: {}", made.label, kNotFinite));
    }
    return write_json(run.folder / kReportFile, {{"usable", false}});
  }
  TensorFile file{{{"outputs", outputs.outputs}, {"rows", rows}}, {}};
  if (outputs.said.defined()) {
    file.tensors.emplace_back("token_losses", outputs.token_losses);
    file.tensors.emplace_back("said", outputs.said);
    file.tensors.emplace_back("generated", outputs.generated);
  }
  write_tensors(run.folder / kPredictionsFile, file);
}

}  // namespace

StageType predict_stage() { return {nullptr, run_prediction}; }

}  // namespace oubli
