// Statistics of reporting: means over seeds with their uncertainty.
#pragma once

#include <optional>
#include <vector>

#include "core/base/settings.h"

namespace oubli {

// Mean of independent values with a two-sided 95 % Student interval:
//   mean +- t_{0.975, n-1} s / sqrt(n),  s with n - 1 degrees of freedom.
// One value has no interval: half_width is absent, never 0.
struct Estimate {
  double mean = 0;
  std::optional<double> half_width;
  std::size_t n = 0;
  bool at_least = false;  // some values are lower limits, and so is the mean
};

// Throws Error(kUsage) on an empty list.
Estimate estimate_mean(const std::vector<double>& values);

// {mean, half_width_95, n, and at_least where it is true}; what is absent or not finite is null.
// Reading needs a mean.
Json to_json(const Estimate& estimate);
Estimate estimate_from_json(const Json& json);

}  // namespace oubli
