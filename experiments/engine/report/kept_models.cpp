#include "experiments/engine/report/kept_models.h"

#include <fmt/format.h>

#include <cctype>
#include <iterator>

#include "core/base/file.h"
#include "core/nn/checkpoint.h"
#include "experiments/engine/run/stage_files.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

void keep(const fs::path& file, const Experiment& experiment, const Plan& plan,
          const PlannedModel& planned, const Store& store) {
  const Stage& stage = plan.stages[planned.model];
  const fs::path entry = store.entry(stage.key);
  if (is_there(entry / kEffectsFile)) {
    create_folder(file.parent_path());
    write_file(file, store.read(stage.key, kEffectsFile));
    return;
  }
  if (!is_there(entry / kModelFile)) return;  // it diverged, or the stage failed
  const Model model = stored_model(experiment, store, stage);
  create_folder(file.parent_path());
  if (experiment.spec.originals) {
    const auto number = static_cast<std::size_t>(planned.training_seed);
    write_tensors(file, experiment.spec.originals->as_given(model, number));
  } else {
    save_model(model, file);
  }
}

}  // namespace

std::string file_name_of(const std::string& row) {
  std::string name;
  for (const char c : row) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = std::isalnum(byte) != 0 || byte >= 0x80 ||
                          std::string("_-+,=() ").find(c) != std::string::npos ||
                          (c == '.' && !name.empty());
    if (is_plain) {
      name += c;
    } else {
      fmt::format_to(std::back_inserter(name), "%{:02X}", byte);
    }
  }
  return name;
}

void keep_models(const fs::path& folder, const Experiment& experiment, const Plan& plan,
                 const std::vector<PlannedRow>& rows, const Store& store) {
  const bool runs_once = experiment.spec.seeds.unlearning == 1;
  for (const PlannedRow& row : rows) {
    const bool is_given = is_original_row(row.name) && experiment.spec.originals.has_value();
    if (is_noise_floor_row(row.name) || is_given) continue;
    for (const PlannedModel& model : row.models) {
      const bool needs_no_run = runs_once || is_original_row(row.name);
      const std::string name =
          needs_no_run ? fmt::format("{}", model.training_seed)
                       : fmt::format("{}-{}", model.training_seed, model.unlearning_seed);
      keep(folder / kKeptModels / file_name_of(row.name) / (name + ".safetensors"), experiment,
           plan, model, store);
    }
  }
}

}  // namespace oubli
