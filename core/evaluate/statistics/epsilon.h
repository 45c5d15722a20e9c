// A lower bound on epsilon from how well an attack does: an (epsilon, delta)-indistinguishable
// unlearning method limits every attack, so an attack that does better disproves the epsilon.
//
// The attack decides "member" or "not" on models that it was not tuned on, with FPR and FNR its
// error rates, each replaced by its Clopper-Pearson upper limit at level 1 - alpha/2:
//   epsilon >= max(0, ln((1 - delta - FPR)/FNR), ln((1 - delta - FNR)/FPR)).
// It holds with probability at least 1 - alpha. Where several attacks or thresholds were tried
// on the same models, alpha is divided by their number (Bonferroni). Sources: Kairouz, Oh and
// Viswanath 2015; Jagielski, Ullman and Oprea 2020.
//
// Few models bound little: no errors at all in 1,000 and 1,000 give 5.6 at alpha = 0.05.
//
// Errors: kUsage where either side has no models, counts exceed them, delta is outside [0, 1),
// alpha outside (0, 1), or no attack was tried. Cost: O(1).
#pragma once

#include <cstddef>

namespace oubli {

struct AttackCounts {
  std::size_t false_positives = 0;
  std::size_t non_members = 0;  // models without the example
  std::size_t false_negatives = 0;
  std::size_t members = 0;  // models with it
};

struct EpsilonOptions {
  double delta = 1e-5;
  double alpha = 0.05;
  std::size_t attacks_tried = 1;
};

struct EpsilonBound {
  double epsilon = 0;
  double fpr_upper = 1;
  double fnr_upper = 1;
};

EpsilonBound epsilon_lower_bound(const AttackCounts& counts, const EpsilonOptions& options = {});

}  // namespace oubli
