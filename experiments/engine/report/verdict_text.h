// Verdicts in words.
#pragma once

#include <string>
#include <vector>

#include "core/evaluate/metric.h"
#include "experiments/engine/report/verdict.h"

namespace oubli {

// What it says that a column lies above the oracles', or below where `difference` is negative:
// "under-forgets", "hurts", "differs" and the like. `info` may be null.
std::string direction_of(const std::string& column, const ColumnInfo* info, double difference);

// What the columns that differ say, without repeating. Where some column has a direction, the ones
// that have none add nothing; where some under-forget and others over-forget, all are named.
std::string directions_text(const std::vector<ColumnVerdict>& columns);

// Whether there are too few seeds to plan by, or to believe that what did not scatter does not.
bool has_few_seeds(const Equivalence& comparison);

// How many seeds the slowest undecided column needs. `share`: of more oracles, how many judge.
std::string undecided_text(const std::vector<ColumnVerdict>& columns, double share);

std::string without_value_text(const std::vector<std::string>& columns);

}  // namespace oubli
