// The uncertainty of a statistic of a whole list that is no mean of values, from its values with
// one unit of the list left out each time:
//   estimate +- t_{0.975, n-1} se,   se^2 = (n - 1)/n sum_i (t_i - m)^2,   m the mean of the t_i.
// For the mean of the list it is Student's interval. It is rough for a statistic that jumps, such
// as one of bins. Source: Tukey 1958; Efron and Stein 1981, by whom the variance is on the large
// side.
#pragma once

#include <vector>

#include "core/evaluate/statistics/estimate.h"

namespace oubli {

// `estimate`: of the whole list; `left_out`: without unit i. No half-width for fewer than two units
// or where a value is not finite. Cost: O(n).
Estimate jackknife(double estimate, const std::vector<double>& left_out);

}  // namespace oubli
