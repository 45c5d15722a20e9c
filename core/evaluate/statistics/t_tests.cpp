#include "core/evaluate/statistics/t_tests.h"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace oubli {
namespace {

TTest finish(TTest test) {
  if (test.standard_error == 0) {
    if (test.difference != 0) {
      test.t = std::copysign(std::numeric_limits<double>::infinity(), test.difference);
      test.p = 0;
    }
    return test;
  }
  test.t = test.difference / test.standard_error;
  if (std::isinf(test.t)) {
    test.p = 0;
    return test;
  }
  const boost::math::students_t distribution(test.df);
  test.p = 2 * boost::math::cdf(boost::math::complement(distribution, std::abs(test.t)));
  return test;
}

}  // namespace

Interval TTest::interval(double level) const {
  require_level(level);
  if (standard_error == 0) return {difference, difference};
  const boost::math::students_t distribution(df);
  const double half_width = standard_error * boost::math::quantile(boost::math::complement(
                                                 distribution, (1 - level) / 2));
  return {difference - half_width, difference + half_width};
}

TTest welch_t_test(const std::vector<double>& a, const std::vector<double>& b) {
  return welch_t_test(moments(a), moments(b));
}

TTest welch_t_test(const Moments& a, const Moments& b) {
  if (a.n < 2 || b.n < 2) {
    throw Error(ErrorKind::kUsage, "a t test needs at least two values on each side");
  }
  const double df_a = static_cast<double>(a.n - 1);
  const double df_b = static_cast<double>(b.n - 1);
  const double error_a = a.variance / static_cast<double>(a.n);
  const double error_b = b.variance / static_cast<double>(b.n);
  TTest test;
  test.difference = a.mean - b.mean;
  test.standard_error = std::sqrt(error_a + error_b);
  test.df = df_a + df_b;
  if (test.standard_error > 0) {
    // By shares of the error, since squares of tiny variances would underflow.
    const double share = error_a / (error_a + error_b);
    test.df = 1 / (share * share / df_a + (1 - share) * (1 - share) / df_b);
  }
  return finish(test);
}

TTest paired_t_test(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size() || a.size() < 2) {
    throw Error(ErrorKind::kUsage,
                "a paired t test needs two lists of one length, of at least two values");
  }
  std::vector<double> differences(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) differences[i] = a[i] - b[i];
  const Moments of_differences = moments(differences, "the differences");
  TTest test;
  test.difference = of_differences.mean;
  test.standard_error = std::sqrt(of_differences.variance / static_cast<double>(a.size()));
  test.df = static_cast<double>(a.size() - 1);
  return finish(test);
}

}  // namespace oubli
