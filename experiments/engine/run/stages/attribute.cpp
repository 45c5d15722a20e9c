// Takes the effects of all training examples on all tests, of one original: by each of a row's
// settings, where a sweep has several.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/nn/tensor_file.h"
#include "experiments/engine/run/stages/attribution_files.h"
#include "experiments/engine/run/stages/stage_type.h"

namespace oubli {
namespace {

// Float32: what ranks and correlations need, in half the space.
void write_effects(const StageRun& run, const std::vector<Attribution>& found) {
  TensorFile file;
  for (std::size_t trial = 0; trial < found.size(); ++trial) {
    if (!found[trial].effect.defined()) continue;
    file.tensors.emplace_back(effect_name(trial), found[trial].effect.to(at::kFloat));
  }
  file.tensors.emplace_back("rows", run.experiment.task.train.rows);
  file.tensors.emplace_back("tests", run.experiment.task.test.rows);
  write_tensors(run.folder / kEffectsFile, file);
}

void run_attribution(const StageRun& run) {
  const AttributionRow& row = run.experiment.spec.attribution->rows[run.stage.method];
  const Model model = run.input_model(0);
  const AttributionTask task = attribution_task(run, run.stage.inputs.front());
  Context context = run.context();
  const auto start = std::chrono::steady_clock::now();
  std::vector<Attribution> found;
  Json trials = Json::array();
  std::string refusal;
  Json warnings = Json::array();
  for (const AttributionTrial& trial : row.trials) {
    found.push_back(trial.attributor->attribute(model, task, context));
    if (!found.back().refusal.empty()) found.back().effect = Tensor();
    if (refusal.empty()) refusal = found.back().refusal;
    const std::string& said =
        found.back().refusal.empty() ? found.back().warning : found.back().refusal;
    const std::string which = row.is_swept() ? trial.changed.dump() + ": " : "";
    if (!said.empty()) warnings.push_back(which + said);
    trials.push_back({{"changed", trial.changed},
                      {"refusal", found.back().refusal},
                      {"details", found.back().details}});
  }
  const bool usable = std::any_of(found.begin(), found.end(),
                                  [](const Attribution& each) { return each.effect.defined(); });
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const Json trained = run.input_report(0);
  const double gradients = context.cost.sample_gradients();
  const Json report = {{"usable", usable},
                       {"status", usable ? "completed" : "refused"},
                       {"message", usable ? "" : refusal},
                       {"sample_gradients", gradients},
                       {"warnings", usable ? warnings : Json::array()},
                       {"seconds", seconds},
                       {"trials", trials}};
  write_json(run.folder / kReportFile, report);
  Json values = {{"sample_gradients", gradients}, {"seconds", seconds}};
  const double training = trained.at("sample_gradients").get<double>();
  if (training > 0) values["cost_ratio"] = gradients / training;
  write_json(run.folder / kMetricsFile, {{"status", report.at("status")},
                                         {"message", report.at("message")},
                                         {"values", usable ? values : Json::object()},
                                         {"at_least", Json::array()},
                                         {"report", report}});
  write_effects(run, found);
}

}  // namespace

StageType attribute_stage() {
  return {[](const Stage& stage) {
            return fmt::format("attribution, original {}", stage.training_seed);
          },
          run_attribution};
}

}  // namespace oubli
