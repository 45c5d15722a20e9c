// Holm's adjustment of p-values: when many methods are tested at once, some small p-values come by
// chance; an adjusted p below alpha keeps the chance of any false finding below alpha.
//   sorted ascending: adjusted_(i) = max_{j <= i} min(1, (m - j + 1) p_(j)),   m = number of tests.
// Never less powerful than Bonferroni's, and free of assumptions on how the tests depend on one
// another. Source: Holm 1979.
//
// Errors: kUsage on a p outside [0, 1]. An empty list stays empty. Cost: O(m log m).
#pragma once

#include <vector>

namespace oubli {

// In the order of the p-values given.
std::vector<double> holm_adjusted(const std::vector<double>& p_values);

}  // namespace oubli
