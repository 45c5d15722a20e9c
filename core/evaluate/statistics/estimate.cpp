#include "core/evaluate/statistics/estimate.h"

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

}  // namespace oubli
