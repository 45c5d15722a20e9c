// What a scheduler tells its workers of the experiment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "experiments/engine/plan/experiment.h"

namespace oubli {

// What a worker needs to make the same plan as the scheduler: the settings themselves and no file's
// name, so that a pipe will do for a file, and a file may change while a run goes on.
struct RunRequest {
  Json settings;          // Spec::root, with rows in place of files that list them
  std::string file;       // its name, for messages and titles
  std::string data;       // --data
  std::string data_hash;  // of what the scheduler found there
  std::string store;
  std::int64_t memory = 0;                // StageHost::memory
  std::vector<std::string> plugins = {};  // that a worker loads before it reads the settings
};

// `data`: as it was given for the experiment's own data folders.
RunRequest request_of(const Experiment& experiment, const std::string& data,
                      const std::string& store, std::int64_t memory);

// The experiment that is meant. Throws Error(kData) where its data is not what it was.
Experiment experiment_of(const RunRequest& request, const Registries& registries);

// As it passes through a pipe: CBOR takes names of files that are no UTF-8 as they are.
std::string to_bytes(const RunRequest& request);
RunRequest request_from_bytes(const std::string& bytes);

}  // namespace oubli
