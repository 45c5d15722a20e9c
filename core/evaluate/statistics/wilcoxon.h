// Wilcoxon's signed-rank test: whether paired differences lean to one side, without assuming that
// they are normal.
//
// Differences of 0 are dropped; the rest are ranked by size with midranks, and W+ (W-) is the sum
// of the ranks of the positive (negative) ones. Two-sided p:
//   exact: 2 P(W <= min(W+, W-)) over all 2^n signs, counted by dynamic programming, for n <= 25
//          differences left without ties;
//   else:  normal, mean n(n+1)/4, variance n(n+1)(2n+1)/24 - sum(t^3 - t)/48 over groups of t ties,
//          with a continuity correction of 1/2.
// Few pairs can never be significant: the smallest exact p is 2^(1-n), 0.0625 for 5 pairs.
// Source: Wilcoxon 1945.
//
// Errors: kUsage on unequal lengths or a value that is not finite. No pairs, or none that differ,
// give p = 1. Cost: O(n log n), exact O(n^3).
#pragma once

#include <cstddef>
#include <vector>

namespace oubli {

struct WilcoxonTest {
  double w_plus = 0;
  double w_minus = 0;
  std::size_t n = 0;  // pairs that differ
  bool exact = true;
  double p = 1;
  double smallest_p = 1;  // what n pairs could give at best: 2^(1-n)
};

WilcoxonTest wilcoxon_signed_rank(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace oubli
