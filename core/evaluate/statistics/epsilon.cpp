#include "core/evaluate/statistics/epsilon.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <cstdint>

#include "core/base/error.h"
#include "core/evaluate/statistics/intervals.h"

namespace oubli {
namespace {

double gaussian_delta(double mu, double epsilon) {
  // As exp(epsilon + log Phi), since exp(epsilon) alone overflows for large mu.
  const boost::math::normal normal;
  return cdf(normal, mu / 2 - epsilon / mu) -
         std::exp(epsilon + std::log(cdf(normal, -mu / 2 - epsilon / mu)));
}

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

GaussianEpsilonBound gaussian_epsilon_lower_bound(const AttackCounts& counts,
                                                  const EpsilonOptions& options) {
  const EpsilonBound limits = error_limits(counts, options);
  GaussianEpsilonBound bound;
  bound.fpr_upper = limits.fpr_upper;
  bound.fnr_upper = limits.fnr_upper;
  if (limits.fpr_upper < 1 && limits.fnr_upper < 1) {
    const boost::math::normal normal;
    bound.mu =
        std::max(0.0, boost::math::quantile(boost::math::complement(normal, limits.fpr_upper)) -
                          boost::math::quantile(normal, limits.fnr_upper));
  }
  bound.epsilon = gaussian_epsilon(bound.mu, options.delta);
  return bound;
}

double gaussian_epsilon(double mu, double delta) {
  if (!(delta > 0 && delta < 1)) {
    throw Error(ErrorKind::kUsage,
                "a Gaussian mechanism has no finite epsilon at delta = 0; give 0 < delta < 1");
  }
  if (!(mu >= 0) || std::isinf(mu)) {
    throw Error(ErrorKind::kUsage, "mu must be finite and not negative");
  }
  if (mu == 0 || gaussian_delta(mu, 0) <= delta) return 0;
  double above = 1;
  while (gaussian_delta(mu, above) > delta) above *= 2;
  std::uintmax_t steps = 200;
  const auto [low, high] = boost::math::tools::toms748_solve(
      [&](double epsilon) { return gaussian_delta(mu, epsilon) - delta; }, 0.0, above,
      boost::math::tools::eps_tolerance<double>(50), steps);
  return (low + high) / 2;
}

}  // namespace oubli
