#include "core/evaluate/statistics/jackknife.h"

#include <algorithm>
#include <cmath>

namespace oubli {

Estimate jackknife(double estimate, const std::vector<double>& left_out) {
  Estimate result{estimate, std::nullopt, left_out.size()};
  const auto finite = [](double value) { return std::isfinite(value); };
  if (left_out.size() < 2 || !finite(estimate) ||
      !std::all_of(left_out.begin(), left_out.end(), finite)) {
    return result;
  }
  // The left-out values spread 1 / (n - 1) as widely as the units of a mean.
  const Estimate spread = estimate_mean(left_out);
  result.half_width = *spread.half_width * static_cast<double>(left_out.size() - 1);
  return result;
}

}  // namespace oubli
