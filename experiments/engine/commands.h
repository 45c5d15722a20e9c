// What each command of the program does. All return the exit status and throw oubli::Error.
#pragma once

#include <string>
#include <vector>

#include "experiments/engine/registries.h"

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

struct FetchCommand {
  std::string name;
  std::string from;
  std::string data;
};

int run_experiment(const RunOptions& options, const Registries& registries);
int check_experiment(const RunOptions& options, const Registries& registries);
int run_one_stage(const std::string& key, const RunOptions& options, const Registries& registries);
int run_worker(const RunOptions& options, const Registries& registries);
int list_entries(const Registries& registries);
int describe_entry(const std::string& name, const Registries& registries);
int store_action(const std::string& action, const std::string& folder);
int fetch_data(const FetchCommand& command);

}  // namespace oubli
