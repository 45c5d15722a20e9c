#include "core/evaluate/statistics/crossed_jackknife.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "core/evaluate/statistics/moments.h"

namespace oubli {

Estimate crossed_jackknife(double estimate, const std::vector<std::vector<double>>& left_out) {
  Estimate result{estimate, std::nullopt, 1};
  const auto finite = [](double value) { return std::isfinite(value); };
  if (!finite(estimate)) return result;
  double variance = 0, weighted = 0;
  std::size_t fewest = 0;
  for (const std::vector<double>& side : left_out) {
    if (side.size() < 2) continue;
    if (!std::all_of(side.begin(), side.end(), finite)) return result;
    const double n = static_cast<double>(side.size());
    const double own = (n - 1) * (n - 1) / n * moments(side).variance;
    variance += own;
    weighted += own * own / (n - 1);
    fewest = fewest == 0 ? side.size() : std::min(fewest, side.size());
  }
  if (fewest == 0) return result;
  result.n = fewest;
  if (variance == 0) return result;
  const boost::math::students_t distribution(variance * variance / weighted);
  result.half_width = boost::math::quantile(distribution, 0.975) * std::sqrt(variance);
  return result;
}

}  // namespace oubli
