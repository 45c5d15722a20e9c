// Confidence intervals of a proportion: k successes seen in n trials, as in "31 of 40 members were
// found".
//
// Wilson: the set of p that a normal test of k does not reject,
//   (k + z^2/2)/(n + z^2) +- z/(n + z^2) sqrt(k (n - k)/n + z^2/4),   z = Phi^{-1}(1 - alpha/2).
// Near the stated level on average over p; for one p it may be a few per cent off either way.
// Source: Wilson 1927.
//
// Clopper-Pearson: the set of p that an exact binomial test of k does not reject,
//   lower = Beta^{-1}(alpha/2; k, n - k + 1), 0 where k = 0;
//   upper = Beta^{-1}(1 - alpha/2; k + 1, n - k), 1 where k = n.
// Covers with at least the stated probability for every p, so certificates and bounds use it.
// Source: Clopper and Pearson 1934.
//
// Errors: kUsage where n = 0, k > n, or the level is not inside (0, 1). Cost: O(1).
#pragma once

#include <cstddef>

namespace oubli {

struct Interval {
  double lower = 0;
  double upper = 0;
};

// Throws Error(kUsage) unless a confidence level lies strictly between 0 and 1.
void require_level(double level);

Interval wilson_interval(std::size_t successes, std::size_t trials, double level = 0.95);

Interval clopper_pearson_interval(std::size_t successes, std::size_t trials, double level = 0.95);

// One-sided limits: each is beyond the true proportion with probability at most `tail`. The
// two-sided interval at 1 - alpha is made of both at tail = alpha/2.
double clopper_pearson_lower(std::size_t successes, std::size_t trials, double tail);
double clopper_pearson_upper(std::size_t successes, std::size_t trials, double tail);

}  // namespace oubli
