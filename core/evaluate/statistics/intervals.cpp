#include "core/evaluate/statistics/intervals.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

#include "core/base/error.h"

namespace oubli {
namespace {

using boost::math::complement;
using boost::math::quantile;

void check(std::size_t successes, std::size_t trials, double tail) {
  if (trials == 0) throw Error(ErrorKind::kUsage, "a proportion needs at least one trial");
  if (successes > trials) {
    throw Error(ErrorKind::kUsage, fmt::format("{} successes in {} trials", successes, trials));
  }
  require_level(tail);
}

}  // namespace

void require_level(double level) {
  if (!(level > 0 && level < 1)) {
    throw Error(ErrorKind::kUsage, "a confidence level must lie strictly between 0 and 1");
  }
}

Interval wilson_interval(std::size_t successes, std::size_t trials, double level) {
  check(successes, trials, 1 - level);
  const double k = static_cast<double>(successes);
  const double n = static_cast<double>(trials);
  const double z = quantile(complement(boost::math::normal(), (1 - level) / 2));
  const double centre = (k + z * z / 2) / (n + z * z);
  const double half_width = z / (n + z * z) * std::sqrt(k * (n - k) / n + z * z / 4);
  // At k = 0 and k = n one end is exactly 0 or 1, which rounding must not move.
  return {successes == 0 ? 0.0 : std::max(0.0, centre - half_width),
          successes == trials ? 1.0 : std::min(1.0, centre + half_width)};
}

Interval clopper_pearson_interval(std::size_t successes, std::size_t trials, double level) {
  check(successes, trials, 1 - level);
  return {clopper_pearson_lower(successes, trials, (1 - level) / 2),
          clopper_pearson_upper(successes, trials, (1 - level) / 2)};
}

double clopper_pearson_lower(std::size_t successes, std::size_t trials, double tail) {
  check(successes, trials, tail);
  if (successes == 0) return 0;
  const double k = static_cast<double>(successes);
  return quantile(boost::math::beta_distribution<>(k, static_cast<double>(trials) - k + 1), tail);
}

double clopper_pearson_upper(std::size_t successes, std::size_t trials, double tail) {
  check(successes, trials, tail);
  if (successes == trials) return 1;
  const double k = static_cast<double>(successes);
  return quantile(
      complement(boost::math::beta_distribution<>(k + 1, static_cast<double>(trials) - k), tail));
}

}  // namespace oubli
