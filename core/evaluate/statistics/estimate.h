// Statistics of reporting: means over seeds with their uncertainty, and rank statistics.
#pragma once

#include <optional>
#include <vector>

#include "core/base/tensor.h"

namespace oubli {

// Mean of independent values with a two-sided 95 % Student interval:
//   mean +- t_{0.975, n-1} s / sqrt(n),  s with n - 1 degrees of freedom.
// One value has no interval: half_width is absent, never 0.
struct Estimate {
  double mean = 0;
  std::optional<double> half_width;
  std::size_t n = 0;
};

// Throws Error(kUsage) on an empty list.
Estimate estimate_mean(const std::vector<double>& values);

// Area under the ROC curve by Mann and Whitney: the probability that a positive scores above a
// negative, ties counting one half. In [0, 1]; 0.5 tells nothing apart. Throws Error(kUsage) where
// either side is empty.
double auc(const Tensor& positive_scores, const Tensor& negative_scores);

}  // namespace oubli
