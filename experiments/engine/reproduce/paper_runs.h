// The runs that a paper asks for: every combination of what varies, as many times as there are
// rounds.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "experiments/engine/plan/plan.h"
#include "experiments/engine/registries.h"
#include "experiments/engine/reproduce/paper.h"
#include "experiments/engine/run/store.h"

namespace oubli {

// What varies, by name, as YAML has it.
using GridValues = std::map<std::string, std::string>;
std::string to_string(const GridValues& values);  // "k=1, scale=10"

std::vector<GridValues> combinations(const std::vector<Variation>& over);
// As `--set` takes them.
std::vector<std::string> overrides_of(const PaperRun& run, const GridValues& values,
                                      std::int64_t round);

// Of many short runs each is done by this process: starting workers would take longer. What fails
// here is left to the workers, who say so in the run's results. How many stages were done.
std::size_t run_here(const Experiment& experiment, const Plan& plan, const Store& store,
                     const Registries& registries);

}  // namespace oubli
