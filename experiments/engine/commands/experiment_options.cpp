#include "experiments/engine/commands/experiment_options.h"

#include <CLI/CLI.hpp>

#include "experiments/engine/plan/load.h"

namespace oubli {

void add_experiment_options(CLI::App& command, ExperimentOptions& options) {
  command.add_option("FILE", options.file, "experiment file (YAML)")->required();
  command.add_option("--set", options.overrides, "override a setting, as train.epochs=5")
      ->allow_extra_args(false);
  command.add_option("--data", options.data, "folder of data sets (or OUBLI_DATA)");
  command.add_option("--store", options.store, "folder of finished stages (or OUBLI_STORE)");
}

Experiment load_experiment(const ExperimentOptions& options, const Registries& registries) {
  return load_experiment(options.file, options.overrides, options.data, registries);
}

}  // namespace oubli
