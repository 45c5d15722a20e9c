// Student's tests of whether two means differ.
//
// Welch (independent lists, spreads that may differ):
//   t = (mean a - mean b) / se,   se^2 = va + vb,   va = s_a^2/n_a,
//   df = (va + vb)^2 / (va^2/(n_a - 1) + vb^2/(n_b - 1)).
// Paired (value i of both belongs to one seed): t of the differences against 0, df = n - 1.
// Sources: Student 1908, Satterthwaite 1946, Welch 1947.
//
// Where the standard error is 0, equal means give t = 0 and p = 1, and unequal ones an infinite t
// and p = 0. Welch's test is a little liberal where the smaller list also is the more spread: up to
// 7.5 % at the 5 % level for 3 against 20 values (simulated).
//
// Errors: kUsage on fewer than two values a list, unequal lengths in the paired test, or a value
// that is not finite. Cost: O(n).
#pragma once

#include <vector>

#include "core/evaluate/statistics/intervals.h"
#include "core/evaluate/statistics/moments.h"

namespace oubli {

struct TTest {
  double difference = 0;      // mean a - mean b
  double standard_error = 0;  // of the difference
  double df = 0;
  double t = 0;
  double p = 1;  // two-sided

  // Two-sided interval of the difference, at a level such as 0.95.
  Interval interval(double level) const;
};

TTest welch_t_test(const std::vector<double>& a, const std::vector<double>& b);

// The same from means and spreads, each of at least two values.
TTest welch_t_test(const Moments& a, const Moments& b);

TTest paired_t_test(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace oubli
