// The uncertainty of a statistic of a table whose sides were drawn independently of one another, as
// of a score over tests, over subsets and over originals at once: each side's own jackknife, added.
//
//   se^2 = sum over the sides of (n - 1)/n sum_i (t_i - m)^2,   t_i the statistic without unit i
//   estimate +- t_{0.975, df} se,   df = se^4 / sum over the sides of se_side^4 / (n_side - 1)
//
// The variance of a mean over a crossed table is the sum of the sides' parts and of one for each
// cell (Owen 2007, "The pigeonhole bootstrap"); each side's jackknife holds its own and the cells',
// so the sum counts the cells' part once for each side: it is on the large side. Degrees of freedom
// as Satterthwaite 1946. A side of one unit has no part: it is held fixed.
#pragma once

#include <vector>

#include "core/evaluate/statistics/estimate.h"

namespace oubli {

// `left_out`: for each side, the statistic without each of its units. No half-width where no side
// has two units, where nothing changes without any of them, or where a value is not finite. `n` of
// the estimate is the fewest units of a side that has two or more.
Estimate crossed_jackknife(double estimate, const std::vector<std::vector<double>>& left_out);

}  // namespace oubli
