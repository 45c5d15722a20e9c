// Numbers of tables with their uncertainty, as text.
#pragma once

#include <string>

#include "core/evaluate/statistics/estimate.h"
#include "core/evaluate/statistics/t_tests.h"

namespace oubli {

// "0.946 ± 0.012": the interval's half-width with two significant digits, the mean to the same
// place. A value without an interval is shown with four significant digits and no sign of one.
std::string cell_text(const Estimate& estimate);
// A difference of two means, with its 95 % interval.
std::string difference_text(const TTest& test);

}  // namespace oubli
