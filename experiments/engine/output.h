// The output folder of a run.
#pragma once

#include <filesystem>

#include "experiments/engine/results.h"

namespace oubli {

// `--output`, or results/<file's name>.
std::filesystem::path output_folder(const std::string& from_command_line,
                                    const std::filesystem::path& file);

// Makes the folder and tries to write in it, before any work is done. Throws Error(kStore).
void require_writable(const std::filesystem::path& folder);

// results.json, table.md, table.csv, table.tex, resolved.yaml, environment.json; rows.csv, the set
// and the labels of every example; where the edit removes or adds points, forget_set.txt and
// added_set.txt, which `indices` reads back; where attackers train models of their own,
// attackers.safetensors: `trained_on` and `forgot`, bool [models, rows of the data set].
void write_output(const std::filesystem::path& folder, const Experiment& experiment,
                  const Plan& plan, const Results& results);

}  // namespace oubli
