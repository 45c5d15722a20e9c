// Ranks many methods over many blocks (a block is one data set, scenario and seed) and says which
// of them the blocks cannot tell apart.
//
// In each of N blocks the k methods are ranked, 1 for the best, midranks for ties; R_j is a
// method's average rank. With r_ij the ranks and A = sum_ij (r_ij - (k+1)/2)^2:
//   Friedman        chi2 = N^2 (k-1) sum_j (R_j - (k+1)/2)^2 / A,   k - 1 degrees of freedom, which
//                   is 12N/(k(k+1)) [sum R_j^2 - k(k+1)^2/4] without ties and corrects for them;
//   Iman-Davenport  F = (N-1) chi2 / (N(k-1) - chi2),   k - 1 and (k-1)(N-1) degrees of freedom,
//                   less conservative, so the one to quote;
//   Nemenyi         two methods differ where their average ranks do by at least the critical
//                   difference CD = q_alpha,k sqrt(k(k+1)/(6N)).
// Sources: Friedman 1937, Nemenyi 1963, Iman and Davenport 1980, Demsar 2006.
//
// q is the studentised range's quantile over sqrt(2), computed rather than tabulated, so it serves
// any k and alpha; Demsar's table (k = 2: 1.960, 3: 2.343, ... 10: 3.164) is a test of it.
//
// Errors: kUsage on fewer than two blocks or methods, rows of unequal length, or a value that is
// not finite. Cost: O(N k log k).
#pragma once

#include <cstddef>
#include <vector>

namespace oubli {

struct Ranking {
  std::vector<double> average_ranks;  // by method, in the order of the columns
  double chi2 = 0;
  double chi2_p = 1;
  double f = 0;  // infinite where all blocks agree entirely
  double f_p = 1;
  double critical_difference = 0;
  // Largest groups of two or more methods within the critical difference, from the best rank to the
  // worst: the bars of a critical-difference diagram. A method in no group differs from all others.
  std::vector<std::vector<std::size_t>> cliques;
};

enum class RankOrder { kLowest, kHighest };

// values[block][method].
Ranking rank_methods(const std::vector<std::vector<double>>& values,
                     RankOrder best = RankOrder::kLowest, double alpha = 0.05);

// q_alpha,k above: the 1 - alpha quantile of the range of k standard normal values, over sqrt(2).
double nemenyi_quantile(std::size_t methods, double alpha = 0.05);

}  // namespace oubli
