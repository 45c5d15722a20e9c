// Takes up a model that somebody else trained.
#include "core/nn/checkpoint.h"
#include "experiments/engine/run/stages/stage_type.h"

namespace oubli {
namespace {

void run_import(const StageRun& run) {
  Model model = run.experiment.make_model();
  const auto number = static_cast<std::size_t>(run.stage.seed);
  run.experiment.spec.originals->load(model, number, run.experiment.original_hashes.at(number));
  save_model(model, run.folder / kModelFile);
  write_json(run.folder / kReportFile, {{"status", "completed"},
                                        {"message", "given"},
                                        {"usable", true},
                                        {"sample_gradients", 0},
                                        {"seconds", 0},
                                        {"sha256", run.experiment.original_hashes.at(number)}});
}

}  // namespace

StageType import_stage() { return {nullptr, run_import}; }

}  // namespace oubli
