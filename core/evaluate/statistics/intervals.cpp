#include "core/evaluate/statistics/intervals.h"

#include <fmt/format.h>

#include <boost/math/distributions/beta.hpp>

#include "core/base/error.h"

namespace oubli {

void require_level(double level) {
  if (!(level > 0 && level < 1)) {
    throw Error(ErrorKind::kUsage, "a confidence level must lie strictly between 0 and 1");
  }
}

double clopper_pearson_upper(std::size_t successes, std::size_t trials, double tail) {
  if (trials == 0) throw Error(ErrorKind::kUsage, "a proportion needs at least one trial");
  if (successes > trials) {
    throw Error(ErrorKind::kUsage, fmt::format("{} successes in {} trials", successes, trials));
  }
  require_level(tail);
  if (successes == trials) return 1;
  const double k = static_cast<double>(successes);
  const boost::math::beta_distribution<> beta(k + 1, static_cast<double>(trials) - k);
  return boost::math::quantile(boost::math::complement(beta, tail));
}

}  // namespace oubli
