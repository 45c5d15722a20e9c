// Results as the commands show them.
#pragma once

#include <filesystem>
#include <string>

#include "experiments/engine/report/results.h"

namespace oubli {

// To standard output, as wide as the terminal. `shows_all`: every column that methods are compared
// by, not the deciding ones alone.
void print_table(const Results& results, bool shows_all = false);

// Where a folder of results has a page: how what was written beside it gets onto that.
void print_how_to_show(const std::filesystem::path& folder);

// Says on standard error where a run's power check did not pass: what is drawn from it then says
// nothing of methods. `name`: of the run.
void warn_without_power(const Results& results, const std::string& name);

// 0; or 1, said on standard error, where no method's row has a number.
int exit_status(const Results& results);

}  // namespace oubli
