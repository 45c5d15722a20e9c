// Rows of results as figures show them.
#pragma once

#include <string>
#include <vector>

#include "experiments/engine/report/page/figure.h"
#include "experiments/engine/report/page/figures/interval_plot.h"

namespace oubli {

// One for each row, with the band of what cannot be told from retraining; its kind is what the
// tests say of the row in this column: equivalent, different, open.
std::vector<IntervalRow> rows_of_column(const FigureInput& input, const std::string& column);

// "forget acc.", and with its unit or range where one is known.
std::string axis_title(const Results& results, const std::string& column);

}  // namespace oubli
