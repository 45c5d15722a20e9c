// What stands under a table: what a sweep chose, what became of models, unlike machines.
#pragma once

#include <string>
#include <vector>

#include "experiments/engine/report/results.h"

namespace oubli {

// A line each.
std::vector<std::string> notes_of(const Results& results);

}  // namespace oubli
