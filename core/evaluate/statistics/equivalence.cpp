#include "core/evaluate/statistics/equivalence.h"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <cstdint>

#include "core/base/error.h"
#include "core/evaluate/statistics/t_tests.h"

namespace oubli {
namespace {

using boost::math::cdf;
using boost::math::complement;
using boost::math::quantile;

constexpr std::size_t kMostSeeds = 1000;

void check(const EquivalenceOptions& options) {
  if (!(options.resolution >= 0) || !(options.margin_factor >= 0) ||
      std::isinf(options.resolution) || std::isinf(options.margin_factor)) {
    throw Error(ErrorKind::kUsage,
                "the resolution and the margin's factor must be finite and not negative");
  }
  if (!(options.alpha > 0 && options.alpha < 0.5)) {
    throw Error(ErrorKind::kUsage, "alpha must lie strictly between 0 and 0.5");
  }
}

// Limits of a standard deviation, as multiples of its estimate from n values; each is beyond the
// truth with probability `tail`.
double sd_lower_limit(std::size_t n, double tail) {
  const double df = static_cast<double>(n - 1);
  return std::sqrt(df / quantile(complement(boost::math::chi_squared(df), tail)));
}
double sd_upper_limit(std::size_t n, double tail) {
  const double df = static_cast<double>(n - 1);
  return std::sqrt(df / quantile(boost::math::chi_squared(df), tail));
}

double t_quantile(double df, double tail) {
  return quantile(complement(boost::math::students_t(df), tail));
}

// Half the interval of one mean that misses it with probability `tail` on each side.
double mean_error(const Moments& values, double tail) {
  if (values.variance == 0) return 0;
  return t_quantile(static_cast<double>(values.n - 1), tail) *
         std::sqrt(values.variance / static_cast<double>(values.n));
}

// How far d must be below the margin for the one-sided test at `alpha` to reject, or, with
// `beyond`, above it for the opposite one to.
double needed_gap(const Moments& method, const Moments& oracles, const EquivalenceMargin& margin,
                  double alpha, bool beyond) {
  double margin_error = 0;
  if (margin.from_oracles) {
    const double limit =
        beyond ? sd_upper_limit(oracles.n, alpha) - 1 : 1 - sd_lower_limit(oracles.n, alpha);
    margin_error = margin.value * std::max(0.0, limit);
  }
  return std::hypot(mean_error(method, alpha), mean_error(oracles, alpha), margin_error);
}

// p of delta >= margin, for a difference d; that of delta <= -margin is this one for -d.
double one_sided_p(double d, const Moments& method, const Moments& oracles,
                   const EquivalenceMargin& margin) {
  if (method.variance == 0 && oracles.variance == 0) {
    // The slack is for margins such as 1/n, which differences of fractions meet inexactly.
    return d <= margin.value * (1 + 1e-9) ? 0.0 : 1.0;
  }
  const double gap = std::abs(margin.value - d);
  const bool beyond = d > margin.value;
  // Whether a test at level exp(x) still falls short of rejecting; falls as x grows.
  const auto excess = [&](double x) {
    return needed_gap(method, oracles, margin, std::exp(x), beyond) - gap;
  };
  const double least = std::log(1e-100), most = std::log(0.5);
  double p = 0.5;
  if (excess(least) <= 0) {
    p = 0;
  } else if (excess(most) < 0) {
    std::uintmax_t steps = 100;
    const auto [low, high] = boost::math::tools::toms748_solve(
        excess, least, most, boost::math::tools::eps_tolerance<double>(45), steps);
    p = std::exp((low + high) / 2);
  }
  return beyond ? 1 - p : p;
}

// Chances of the two decisions when the truth is what the arguments say.
double power_of_equivalence(double d, const Moments& method, const Moments& oracles,
                            const EquivalenceOptions& options) {
  const double limit = largest_equivalent_difference(method, oracles, options);
  if (limit <= 0) return 0;
  const double df = static_cast<double>(oracles.n - 1);
  double variance = method.variance / static_cast<double>(method.n) +
                    oracles.variance / static_cast<double>(oracles.n);
  // The limit scales with the oracles' sd, whose relative variance is 1 / (2 df).
  if (equivalence_margin(oracles, options).from_oracles) variance += limit * limit / (2 * df);
  if (variance == 0) return std::abs(d) < limit ? 1 : 0;
  const boost::math::normal normal(0, std::sqrt(variance));
  return cdf(normal, limit - d) - cdf(normal, -limit - d);
}

double power_of_difference(const Moments& method, const Moments& oracles, double alpha) {
  const TTest welch = welch_t_test(method, oracles);
  if (welch.standard_error == 0) return welch.difference != 0 ? 1 : 0;
  const double shift = std::abs(welch.t);
  if (shift > 30) return 1;
  return cdf(
      complement(boost::math::non_central_t(welch.df, shift), t_quantile(welch.df, alpha / 2)));
}

}  // namespace

std::vector<double> leave_one_out(const std::vector<double>& values) {
  if (values.size() < 3) {
    throw Error(ErrorKind::kUsage,
                "distances of fewer than three oracles to one another do not show their spread");
  }
  const double mean = moments(values).mean;
  const double factor =
      static_cast<double>(values.size() - 1) / static_cast<double>(values.size() - 2);
  std::vector<double> scaled;
  scaled.reserve(values.size());
  for (const double value : values) scaled.push_back(mean + (value - mean) * factor);
  return scaled;
}

Estimate pairwise_estimate(const std::vector<double>& values) {
  Estimate estimate = estimate_mean(values);
  if (values.size() < 3) {
    estimate.half_width.reset();
  } else {
    estimate.half_width = 2 * *estimate_mean(leave_one_out(values)).half_width;
  }
  return estimate;
}

EquivalenceMargin equivalence_margin(const Moments& oracles, const EquivalenceOptions& options) {
  const double distance = options.margin_factor * oracles.sd();
  if (distance > 0) {
    // Choosing the estimate where it came out large is an error of its own; a quarter of alpha
    // bounds it. It matters only where resolution and distance are close.
    const double surely = distance * sd_lower_limit(oracles.n, options.alpha / 4);
    if (surely > options.resolution) return {distance, true};
  }
  return {options.resolution, false};
}

double largest_equivalent_difference(const Moments& method, const Moments& oracles,
                                     const EquivalenceOptions& options) {
  const EquivalenceMargin margin = equivalence_margin(oracles, options);
  return margin.value - needed_gap(method, oracles, margin, options.alpha, false);
}

Equivalence compare_with_oracles(const std::vector<double>& method,
                                 const std::vector<double>& oracles,
                                 const EquivalenceOptions& options) {
  check(options);
  Equivalence result;
  result.options = options;
  result.method = moments(method, "the method's values");
  result.oracles = moments(oracles, "the oracles' values");
  if (result.oracles.n < 2) {
    throw Error(ErrorKind::kUsage,
                "one oracle shows no spread between oracles; retrain with a second seed");
  }
  result.difference = result.method.mean - result.oracles.mean;
  result.oracle_distance = options.margin_factor * result.oracles.sd();
  result.margin = equivalence_margin(result.oracles, options);
  if (result.method.n < 2) return result;

  const TTest welch = welch_t_test(result.method, result.oracles);
  EquivalenceTests tests;
  tests.standard_error = welch.standard_error;
  tests.df = welch.df;
  tests.p_upper = one_sided_p(welch.difference, result.method, result.oracles, result.margin);
  tests.p_lower = one_sided_p(-welch.difference, result.method, result.oracles, result.margin);
  tests.p_different = welch.p;
  tests.interval_95 = welch.interval(0.95);
  tests.equivalent = std::max(tests.p_lower, tests.p_upper) < options.alpha;
  result.tests = tests;
  return result;
}

std::optional<SeedPlan> more_seeds(const Equivalence& comparison, double power) {
  if (!(power > 0 && power < 1)) {
    throw Error(ErrorKind::kUsage, "a power must lie strictly between 0 and 1");
  }
  const SeedPlan now{comparison.method.n, comparison.oracles.n};
  if (!comparison.tests) return SeedPlan{2, now.oracles};
  const double d = comparison.difference;
  const bool smaller =
      std::abs(d) < std::max(comparison.options.resolution, comparison.oracle_distance);
  const auto enough = [&](const SeedPlan& seeds) {
    Moments method = comparison.method, oracles = comparison.oracles;
    method.n = seeds.training;
    oracles.n = seeds.oracles;
    return power <= (smaller ? power_of_equivalence(d, method, oracles, comparison.options)
                             : power_of_difference(method, oracles, comparison.options.alpha));
  };
  for (std::size_t n = now.training; n <= kMostSeeds; ++n) {
    if (enough({n, now.oracles})) return SeedPlan{n, now.oracles};
  }
  for (std::size_t n = now.oracles + 1; n <= kMostSeeds; ++n) {
    const SeedPlan seeds{std::max(n, now.training), n};
    if (enough(seeds)) return seeds;
  }
  return std::nullopt;
}

}  // namespace oubli
