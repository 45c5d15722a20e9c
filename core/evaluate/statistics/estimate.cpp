#include "core/evaluate/statistics/estimate.h"

#include <ATen/ATen.h>

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

#include "core/base/error.h"

namespace oubli {

Estimate estimate_mean(const std::vector<double>& values) {
  if (values.empty()) throw Error(ErrorKind::kUsage, "the mean of no values is not defined");
  const double n = static_cast<double>(values.size());
  Estimate estimate;
  estimate.n = values.size();
  estimate.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() < 2) return estimate;
  double squares = 0;
  for (const double value : values) squares += (value - estimate.mean) * (value - estimate.mean);
  const boost::math::students_t distribution(n - 1);
  estimate.half_width =
      boost::math::quantile(distribution, 0.975) * std::sqrt(squares / (n - 1) / n);
  return estimate;
}

double auc(const Tensor& positive_scores, const Tensor& negative_scores) {
  const Tensor positive = positive_scores.to(at::kDouble).contiguous();
  const Tensor negative = std::get<0>(negative_scores.to(at::kDouble).sort());
  if (positive.numel() == 0 || negative.numel() == 0) {
    throw Error(ErrorKind::kUsage, "the AUC of an empty group is not defined");
  }
  // For each positive: negatives strictly below it, plus half of those equal to it.
  const Tensor below = at::searchsorted(negative, positive, false, /*right=*/false);
  const Tensor not_above = at::searchsorted(negative, positive, false, /*right=*/true);
  const double wins = (below + not_above).to(at::kDouble).sum().item<double>() / 2;
  return wins / (static_cast<double>(positive.numel()) * static_cast<double>(negative.numel()));
}

}  // namespace oubli
