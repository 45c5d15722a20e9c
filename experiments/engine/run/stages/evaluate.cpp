// Takes the metrics of one model, against the oracles.
#include <cmath>
#include <vector>

#include "experiments/engine/run/stages/stage_type.h"

namespace oubli {
namespace {

// Fills in "values" and "at_least".
void take_metrics(const StageRun& run, const StageMember& member, Json& result) {
  const StageOutputs& outputs = run.outputs;
  const Stage& stage = run.stage;
  ModelOutcome model = outputs.outcomes(stage, ModelRole::kModel).front();
  if (is_original(run.plan.stages[member.model].kind)) {
    model.sample_gradients = 0;  // the row `original` is doing nothing
    model.seconds = 0;
  }
  const std::vector<ModelOutcome> oracles = outputs.outcomes(stage, ModelRole::kOracle);
  const std::vector<ModelOutcome> initial = outputs.outcomes(stage, ModelRole::kInitial);
  const std::vector<ModelOutcome> original = outputs.outcomes(stage, ModelRole::kOriginal);
  const std::vector<StageMember> against = stage.members_of(ModelRole::kReference);
  const std::vector<ModelOutcome> reference = !against.empty() && outputs.usable(against.front())
                                                  ? outputs.outcomes(stage, ModelRole::kReference)
                                                  : std::vector<ModelOutcome>();
  const std::vector<ModelOutcome> twin = outputs.outcomes(stage, ModelRole::kTwin);
  const std::vector<Shadow> trained = outputs.shadows(stage, ModelRole::kShadow);
  const std::vector<Shadow> edited = outputs.shadows(stage, ModelRole::kEditedShadow);
  const Evaluation evaluation = outputs.evaluation(run.experiment.metric_sets(), initial,
                                                   run.plan.stages[member.model].variant);
  const MetricInput input{.evaluation = evaluation,
                          .model = model,
                          .oracles = pointers_to(oracles),
                          .original = original.empty() ? nullptr : &original.front(),
                          .reference = reference.empty() ? nullptr : &reference.front(),
                          .twin = twin.empty() ? nullptr : &twin.front(),
                          .shadows = pointers_to(trained),
                          .edited_shadows = pointers_to(edited)};
  for (const std::string& name : run.experiment.spec.measure) {
    const Metric& metric = run.registries.metrics.find(name);
    if (!metric.compute) continue;
    for (const MetricValue& value : metric.compute(input)) {
      result["values"][value.column] = number_or_null(value.value);
      if (value.at_least) result["at_least"].push_back(value.column);
    }
  }
}

void run_evaluation(const StageRun& run) {
  const StageMember member = run.stage.members_of(ModelRole::kModel).front();
  const Json report = run.outputs.json(member.model, kReportFile);
  Json result = {{"status", report.at("status")},
                 {"message", report.at("message")},
                 {"values", Json::object()},
                 {"at_least", Json::array()},
                 {"report", report}};
  if (run.outputs.usable(member)) {
    take_metrics(run, member, result);
  } else if (report.at("usable").get<bool>()) {
    result["status"] = to_string(UnlearnStatus::kDiverged);
    result["message"] = kNotFinite;
  }
  write_json(run.folder / kMetricsFile, result);
}

}  // namespace

StageType evaluate_stage() { return {nullptr, run_evaluation}; }

}  // namespace oubli
