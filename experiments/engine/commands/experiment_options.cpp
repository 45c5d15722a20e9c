#include "experiments/engine/commands/experiment_options.h"

#include <CLI/CLI.hpp>

#include "experiments/engine/commands/waiting.h"
#include "experiments/engine/plan/load.h"

namespace oubli {

void add_experiment_options(CLI::App& command, ExperimentOptions& options) {
  command.add_option("FILE", options.file, "experiment file (YAML)")->required();
  command.add_option("--set", options.overrides, "override a setting, as train.epochs=5")
      ->allow_extra_args(false);
  add_data_option(command, options.data);
  add_store_option(command, options.store);
}

void add_data_option(CLI::App& command, std::string& folder) {
  command.add_option("--data", folder, "folder of data sets (or OUBLI_DATA)");
}

void add_store_option(CLI::App& command, std::string& folder) {
  command.add_option("--store", folder, "folder of finished stages (or OUBLI_STORE)");
}

void add_jobs_option(CLI::App& command, int& jobs) {
  command.add_option("--jobs", jobs, "stages at once (default: all cores)")
      ->check(CLI::Range(1, 1024));
}

Experiment load_experiment(const ExperimentOptions& options, const Registries& registries) {
  const Waiting waiting("reading the experiment and its data");
  return load_experiment(options.file, options.overrides, options.data, registries);
}

}  // namespace oubli
