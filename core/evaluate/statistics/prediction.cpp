#include "core/evaluate/statistics/prediction.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "core/base/error.h"
#include "core/evaluate/statistics/moments.h"

namespace oubli {

Place place_among(double x, const std::vector<double>& sample, double level, double resolution) {
  require_level(level);
  if (sample.size() < 2 || !(resolution >= 0) || !std::isfinite(x)) {
    throw Error(ErrorKind::kUsage,
                "a place among others needs two values or more, a finite one, "
                "and a resolution of 0 or more");
  }
  const Moments all = moments(sample);
  const double n = static_cast<double>(all.n);
  const double spread = all.sd() * std::sqrt(1 + 1 / n);
  const boost::math::students_t distribution(n - 1);
  Place place;
  place.difference = x - all.mean;
  if (std::abs(place.difference) > resolution) {
    place.p = spread > 0 ? 2 * boost::math::cdf(boost::math::complement(
                                   distribution, std::abs(place.difference) / spread))
                         : 0;
  }
  const double quantile =
      boost::math::quantile(boost::math::complement(distribution, (1 - level) / 2));
  const double half_width = std::max(resolution, quantile * spread);
  place.interval = {all.mean - half_width, all.mean + half_width};
  return place;
}

}  // namespace oubli
