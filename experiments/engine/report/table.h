// The results table, for a terminal of any width and as Markdown, CSV and LaTeX.
#pragma once

#include <string>

#include "core/evaluate/statistics/t_tests.h"
#include "experiments/engine/report/results.h"

namespace oubli {

// "0.946 ± 0.012": the interval's half-width with two significant digits, the mean to the same
// place. A value without an interval is shown with four significant digits and no sign of one.
std::string cell_text(const Estimate& estimate);
// A difference of two means, with its 95 % interval.
std::string difference_text(const TTest& test);

// Lines of at most `width` characters, broken at spaces, each with its end.
std::string wrapped(const std::string& text, std::size_t width);
// The same beside a label: every line begins `indent` columns from the left.
std::string hanging(const std::string& label, std::size_t indent, const std::string& text,
                    std::size_t width);

// Column heading, such as "forget acc." for accuracy/forget, whose metric has the heading "acc.";
// the metric's name where `heading` is empty.
std::string column_title(const std::string& column, const std::string& heading);

// The power check first, then columns by group: privacy, utility, cost, verdict. Columns that do
// not fit into `width` go into further blocks, each with the rows' names.
std::string terminal_table(const Results& results, std::size_t width);
std::string markdown_table(const Results& results);
std::string latex_table(const Results& results);
// One line for each row and column: row,column,mean,half_width_95,n,status.
std::string csv_table(const Results& results);

}  // namespace oubli
