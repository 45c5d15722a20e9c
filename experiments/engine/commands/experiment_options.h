// What all commands that work on an experiment file are given, and options that others share.
#pragma once

#include <string>
#include <vector>

#include "experiments/engine/plan/experiment.h"
#include "experiments/engine/registries.h"

namespace CLI {
class App;
}

namespace oubli {

struct ExperimentOptions {
  std::string file;
  std::vector<std::string> overrides;
  std::string data;
  std::string store;
};

void add_experiment_options(CLI::App& command, ExperimentOptions& options);

void add_data_option(CLI::App& command, std::string& folder);
void add_store_option(CLI::App& command, std::string& folder);
// 0 stands for all cores.
void add_jobs_option(CLI::App& command, int& jobs);

// Reads the file and its data.
Experiment load_experiment(const ExperimentOptions& options, const Registries& registries);

}  // namespace oubli
