// Whether a record's method and settings are those of an experiment.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/json.h"
#include "experiments/engine/plan/experiment.h"

namespace oubli {

// Both say the first thing that differs, "lr was 0.1, and is 0.2", and "" where nothing does. A
// setting that only the experiment has came with a newer oubli, and its default is what was done.

// `recorded`: the method of a record, which may be older than the row's.
std::string method_difference(const Json& recorded, const MethodRow& row);
// The model and its training, beside what methods have of their own; `resolved`: the settings that
// the record names. Throws Error where they cannot be read.
std::string training_difference(const std::filesystem::path& resolved,
                                const Experiment& experiment);

}  // namespace oubli
