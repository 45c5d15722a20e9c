#include "core/evaluate/statistics/epsilon.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/evaluate/statistics/intervals.h"

namespace oubli {
namespace {

EpsilonBound error_limits(const AttackCounts& counts, const EpsilonOptions& options) {
  if (!(options.delta >= 0 && options.delta < 1)) {
    throw Error(ErrorKind::kUsage, "delta must lie in [0, 1)");
  }
  if (!(options.alpha > 0 && options.alpha < 1) || options.attacks_tried == 0) {
    throw Error(ErrorKind::kUsage,
                "a bound on epsilon needs alpha strictly between 0 and 1 and at least one attack");
  }
  const double tail = options.alpha / static_cast<double>(options.attacks_tried) / 2;
  EpsilonBound bound;
  bound.fpr_upper = clopper_pearson_upper(counts.false_positives, counts.non_members, tail);
  bound.fnr_upper = clopper_pearson_upper(counts.false_negatives, counts.members, tail);
  return bound;
}

}  // namespace

EpsilonBound epsilon_lower_bound(const AttackCounts& counts, const EpsilonOptions& options) {
  EpsilonBound bound = error_limits(counts, options);
  const auto raise = [&](double numerator, double denominator) {
    if (numerator > denominator) {
      bound.epsilon = std::max(bound.epsilon, std::log(numerator / denominator));
    }
  };
  raise(1 - options.delta - bound.fpr_upper, bound.fnr_upper);
  raise(1 - options.delta - bound.fnr_upper, bound.fpr_upper);
  return bound;
}

}  // namespace oubli
