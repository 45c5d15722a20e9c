// The output folder of a run.
#pragma once

#include <filesystem>
#include <string>

#include "experiments/engine/plan/plan.h"
#include "experiments/engine/report/result_folder.h"
#include "experiments/engine/report/results.h"
#include "experiments/engine/run/store.h"

namespace oubli {

// `--output`, or results/<file's name>.
std::filesystem::path output_folder(const std::string& from_command_line,
                                    const std::filesystem::path& file);

// report.html, the page; evidence.json, what it shows of single examples; results.json, table.md,
// table.tex, table.csv (a line for each model), cells.csv (one for each cell), resolved.yaml,
// environment.json; rows.csv, the set and the labels of every example, and of a sentence what it
// says; vocabulary.json, the tokens of sentences by number; where the edit removes or adds points,
// forget_set.txt and added_set.txt, which `indices` reads back; where attackers train models of
// their own, attackers.safetensors: `trained_on` and `forgot`, bool [models, rows of the data set];
// and entries.csv, from which entries of the store all this was made, with the hash of what each
// holds. Of a sequence of edits all but what concerns the run as a whole stands once more for each
// checkpoint, in checkpoints/K. Replaces what an earlier run wrote, as a whole. `keeps_models`: the
// rows' models lie beside it (kept_models.h).
void write_output(const ResultFolder& folder, const Experiment& experiment, const Plan& plan,
                  const Store& store, const Results& results, const Registry<Metric>& metrics,
                  bool keeps_models = false);

// Where the results after so many requests lie.
std::filesystem::path checkpoint_folder(const std::filesystem::path& results,
                                        std::int64_t requests);

}  // namespace oubli
