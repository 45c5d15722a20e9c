// The two-sample Kolmogorov-Smirnov test: whether two lists of numbers come from one distribution,
// by the largest gap between their empirical distribution functions.
//   D = max_x |F_a(x) - F_b(x)|, in [0, 1]; for membership scores also the largest advantage
//   (true minus false positive rate) that any threshold reaches.
// p-value, with m and n values:
//   exact: the share of the (m+n choose m) orders of the pooled values with a gap of at least D,
//          counted along lattice paths, where no value is tied and neither list is longer than
//          10,000 (the limit of SciPy's method="auto"; SciPy uses it with ties as well);
//   else:  Kolmogorov's limit 2 sum_k (-1)^(k-1) exp(-2 k^2 x^2), x = D sqrt(mn/(m+n)).
//          Conservative with ties. SciPy takes the one-sample law of round(mn/(m+n)) values here.
// Sources: Smirnov 1939; Hodges 1958 for the count.
//
// Errors: kUsage on an empty list or a value that is not finite. Cost: O((m+n) log(m+n)), exact
// O(mn).
#pragma once

#include <vector>

namespace oubli {

struct KolmogorovSmirnovTest {
  double statistic = 0;
  double p = 1;
  bool exact = true;
};

// D alone, at the cost of sorting.
double ks_statistic(const std::vector<double>& a, const std::vector<double>& b);
KolmogorovSmirnovTest kolmogorov_smirnov(const std::vector<double>& a,
                                         const std::vector<double>& b);

}  // namespace oubli
