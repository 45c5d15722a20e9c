// The models behind the rows of a table, as files that PyTorch reads: `oubli run --keep-models`.
//
//   models/ROW/ORIGINAL.safetensors       what the row's method made of each original, 0, 1, ...
//   models/ROW/ORIGINAL-RUN.safetensors   where it runs several times on each
//   models/original/ORIGINAL.safetensors  the originals themselves, but for given ones
//
// Names are PyTorch's; of given originals those, and the types, of the given file. What is no part
// of a file's name in a row's is written as in an address (%2F). A model that diverged has no file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/engine/plan/plan.h"
#include "experiments/engine/run/store.h"

namespace oubli {

inline const char* const kKeptModels = "models";  // the folder

// Of rows of the plan, into `folder`/models. Throws DamagedEntry for an entry that is not as it was
// written.
void keep_models(const std::filesystem::path& folder, const Experiment& experiment,
                 const Plan& plan, const std::vector<PlannedRow>& rows, const Store& store);

// A row's name as one of a file.
std::string file_name_of(const std::string& row);

}  // namespace oubli
