// From an experiment file to what is to be done, checked: what would end a stage after an hour is
// found here.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/engine/plan/experiment.h"
#include "experiments/engine/plan/plan.h"
#include "experiments/engine/registries.h"

namespace oubli {

// Reads the file and its data. `data`: folder of data sets; "": the usual places.
Experiment load_experiment(const std::filesystem::path& file,
                           const std::vector<std::string>& overrides, const std::string& data,
                           const Registries& registries);

// Its plan, where every model of it can be trained.
Plan load_plan(const Experiment& experiment, const Registries& registries);

}  // namespace oubli
