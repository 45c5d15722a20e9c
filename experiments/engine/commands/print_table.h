// Results as the commands show them.
#pragma once

#include "experiments/engine/report/results.h"

namespace oubli {

// To standard output, as wide as the terminal.
void print_table(const Results& results);

// 0; or 1, said on standard error, where no method's row has a number.
int exit_status(const Results& results);

}  // namespace oubli
