// Requests that are not written one by one: a selection cut into equal ones, or a file of ids, a
// line or a number for each. edits.h has their grammar.
#pragma once

#include <functional>
#include <vector>

#include "experiments/engine/plan/edits.h"

namespace oubli {

std::function<std::vector<DrawnEdit>(LoadedData& data, const Generator& generator)> read_requests(
    const Settings& settings);

}  // namespace oubli
