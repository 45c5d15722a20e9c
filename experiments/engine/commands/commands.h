// What each command of the program does. All return the exit status and throw oubli::Error.
#pragma once

#include <string>
#include <vector>

#include "experiments/engine/plan/experiment.h"
#include "experiments/engine/plan/plan.h"
#include "experiments/engine/report/results.h"

namespace oubli {

struct RunOptions {
  std::string file;
  std::vector<std::string> overrides;
  std::string data;
  std::string store;
  std::string output;
  int jobs = 0;  // 0: all cores
  bool show_keys = false;
};

struct InfluenceCommand {
  RunOptions run;
  std::int64_t test = 0;     // position in the test set
  std::int64_t top = 10;     // training examples listed
  std::int64_t retrain = 0;  // how many of them are also removed and retrained without
  std::string solve;         // settings of the solve, as in YAML: "curvature: hessian, damping: 0"
};

struct CurvatureCommand {
  RunOptions run;
  std::string curvature = "hessian";
  std::int64_t steps = 40;  // of Lanczos, for each probe
  std::int64_t probes = 4;
};

struct FetchCommand {
  std::string name;
  std::string from;
  std::string data;
};

// Reads the file and its data.
Experiment load_experiment(const RunOptions& options, const Registries& registries);
// 0; or 1, said on standard error, where no method's row has a number.
int exit_status(const Results& results);

int run_experiment(const RunOptions& options, const Registries& registries);
int check_experiment(const RunOptions& options, const Registries& registries);
int run_one_stage(const std::string& key, const RunOptions& options, const Registries& registries);
int run_worker(const Registries& registries);
int show_curvature(const CurvatureCommand& command, const Registries& registries);
int show_influence(const InfluenceCommand& command, const Registries& registries);
int list_entries(const Registries& registries);
int describe_entry(const std::string& name, const Registries& registries);
int store_action(const std::string& action, const std::string& folder);
int fetch_data(const FetchCommand& command);
// These read a folder of results, or its results.json, and run nothing.
int show_results(const std::string& folder, const Registries& registries);
int compare_results(const std::string& folder_a, const std::string& folder_b,
                    const Registries& registries);
// Ranks the rows by a column over all training seeds, with tests of their differences.
int rank_results(const std::vector<std::string>& folders, const std::string& column,
                 const Registries& registries);
// How much of the decisive columns' scatter comes from training and how much from unlearning.
int show_variance(const std::string& folder, const Registries& registries);
int explain_metric(const std::string& name, const Registries& registries);

}  // namespace oubli
