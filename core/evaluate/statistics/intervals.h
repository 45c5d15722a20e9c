// The interval of a number, and the exact upper limit of a proportion: k successes in n trials.
//
// Clopper-Pearson: the largest p that an exact binomial test of k does not reject,
//   Beta^{-1}(1 - tail; k + 1, n - k), 1 where k = n.
// It is beyond the true proportion with probability at most `tail` for every p, so bounds use it.
// Source: Clopper and Pearson 1934.
//
// Errors: kUsage where n = 0, k > n, or the tail is not inside (0, 1). Cost: O(1).
#pragma once

#include <cstddef>

namespace oubli {

struct Interval {
  double lower = 0;
  double upper = 0;
};

// Throws Error(kUsage) unless a confidence level lies strictly between 0 and 1.
void require_level(double level);

double clopper_pearson_upper(std::size_t successes, std::size_t trials, double tail);

}  // namespace oubli
