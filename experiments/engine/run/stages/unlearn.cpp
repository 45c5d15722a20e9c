// Runs a method on an original, or on a model that an attacker trained.
#include <fmt/format.h>

#include <memory>

#include "core/nn/checkpoint.h"
#include "experiments/engine/plan/training_sets.h"
#include "experiments/engine/run/stages/stage_type.h"

namespace oubli {
namespace {

void run_unlearning(const StageRun& run) {
  const MethodRow& row = run.method();
  Context context = run.context();
  Model model = run.input_model(0);
  Json sweep;
  std::shared_ptr<const Unlearner> unlearner = row.unlearner;
  if (row.sweep) {
    sweep = run.input_report(1);
    unlearner = row.sweep->trials.at(sweep.at("chosen").get<std::size_t>()).unlearner;
  }
  const UnlearnReport report =
      run_unlearner(row.info, *unlearner, model, task_of(run.experiment, run.stage), context);
  Json json = report.to_json();
  json["usable"] = report.usable();
  if (row.sweep) {
    // What was spent to find the settings is part of what the method costs.
    for (const char* cost : {"sample_gradients", "seconds"}) {
      json[cost] = json.at(cost).get<double>() + sweep.at(cost).get<double>();
    }
    json["sweep"] = sweep;
  }
  write_json(run.folder / kReportFile, json);
  if (report.usable()) save_model(model, run.folder / kModelFile);
}

std::string stream_of_unlearning(const Stage& stage) {
  return stage.audit ? fmt::format("unlearning, audit {}", *stage.audit)
                     : fmt::format("unlearning, original {}", stage.training_seed);
}

}  // namespace

StageType unlearn_stage() { return {stream_of_unlearning, run_unlearning}; }

}  // namespace oubli
