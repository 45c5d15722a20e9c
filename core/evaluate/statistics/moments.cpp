#include "core/evaluate/statistics/moments.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "core/base/error.h"

namespace oubli {

double Moments::sd() const { return std::sqrt(variance); }

Moments moments(const std::vector<double>& values, const char* what) {
  if (values.empty()) {
    throw Error(ErrorKind::kUsage, std::string(what) + " are an empty list; one is needed");
  }
  if (!std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); })) {
    throw Error(ErrorKind::kUsage, std::string(what) +
                                       " hold one that is not finite; leave failed runs out and "
                                       "report them as failed");
  }
  Moments result;
  result.n = values.size();
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  if (*least == *most) {
    result.mean = *least;
    return result;
  }
  const double n = static_cast<double>(values.size());
  result.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  result.variance = squares / (n - 1);
  return result;
}

}  // namespace oubli
