// What `oubli rank` ranks: the rows that all results have, by how bad they are in a column.
#pragma once

#include <string>
#include <vector>

#include "core/evaluate/metric.h"
#include "experiments/engine/report/results.h"

namespace oubli {

// Throws Error(kSettings) where the results at `folder` do not have the column.
void require_column(const Results& results, const std::string& folder, const std::string& column,
                    const Registry<Metric>& metrics);

// By training seed. Lower is better, whatever the column: the distance to the oracles' mean where
// that is the aim. Empty where the row has no value, or only a lower limit.
std::vector<double> badness(const Results& results, const RowResult& row,
                            const std::string& column);

// The rows of all results that have a value for every training seed there.
std::vector<std::string> common_rows(const std::vector<Results>& all, const std::string& column);

// What is repeated: training, in every result; or the results themselves, as where each is a task
// of its own and the question is what holds over tasks.
enum class RankBlocks { kSeeds, kResults };

// A block for each training seed of each result, or for each result the mean over its seeds: the
// rows' badness in it.
std::vector<std::vector<double>> blocks_of(const std::vector<Results>& all,
                                           const std::vector<std::string>& names,
                                           const std::string& column, RankBlocks which);

}  // namespace oubli
