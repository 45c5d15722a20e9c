// The record of an earlier edit, in the folder that an edit is to be written to. An edit goes on
// from it where it answers the same requests first, on the same data, and in the same way; else it
// would take its place, and what was erased would be in the model again.
#pragma once

#include <filesystem>

#include "core/base/json.h"
#include "experiments/engine/plan/experiment.h"

namespace oubli {

// The record in `folder` that this edit goes on from; null where there is none. Error(kUsage) where
// it would take the place of one that it does not go on from, with all that would be lost;
// `replaces`: null then.
Json earlier_record(const std::filesystem::path& folder, const Experiment& experiment,
                    const MethodRow& row, bool replaces);

}  // namespace oubli
