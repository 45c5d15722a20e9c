#include "core/evaluate/statistics/wilcoxon.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

#include "core/base/error.h"
#include "core/evaluate/statistics/ranks.h"

namespace oubli {
namespace {

constexpr std::size_t kLargestExact = 25;

// P(W <= w) for the sum W of a random subset of the ranks 1 .. n.
double exact_tail(std::size_t n, std::size_t w) {
  std::vector<double> subsets(w + 1, 0.0);
  subsets[0] = 1;
  for (std::size_t rank = 1; rank <= n; ++rank) {
    for (std::size_t sum = w + 1; sum-- > rank;) subsets[sum] += subsets[sum - rank];
  }
  double count = 0;
  for (const double value : subsets) count += value;
  return std::ldexp(count, -static_cast<int>(n));
}

}  // namespace

WilcoxonTest wilcoxon_signed_rank(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) {
    throw Error(ErrorKind::kUsage, "a signed-rank test needs two lists of one length");
  }
  std::vector<double> sizes;
  std::vector<bool> positive;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = a[i] - b[i];
    if (difference == 0) continue;
    sizes.push_back(std::abs(difference));
    positive.push_back(difference > 0);
  }
  const Ranks ranks = midranks(sizes);
  WilcoxonTest test;
  test.n = sizes.size();
  if (test.n == 0) return test;
  for (std::size_t i = 0; i < test.n; ++i) {
    (positive[i] ? test.w_plus : test.w_minus) += ranks.ranks[i];
  }
  const double n = static_cast<double>(test.n);
  test.smallest_p = std::exp2(1 - n);
  const double least = std::min(test.w_plus, test.w_minus);
  test.exact = test.n <= kLargestExact && ranks.tie_term == 0;
  if (test.exact) {
    test.p = std::min(1.0, 2 * exact_tail(test.n, static_cast<std::size_t>(least)));
    return test;
  }
  const double mean = n * (n + 1) / 4;
  const double variance = n * (n + 1) * (2 * n + 1) / 24 - ranks.tie_term / 48;
  const double z = std::max(0.0, mean - least - 0.5) / std::sqrt(variance);
  test.p = 2 * boost::math::cdf(boost::math::complement(boost::math::normal(), z));
  return test;
}

}  // namespace oubli
