#include "core/evaluate/statistics/kolmogorov_smirnov.h"

#include <algorithm>
#include <boost/math/constants/constants.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "core/base/error.h"

namespace oubli {
namespace {

constexpr std::size_t kLongestExact = 10000;

// The share of lattice paths from (0, 0) to (m, n) that meet |i n - j m| >= gap. Following the
// share of paths that do, rather than do not, keeps small values accurate.
double exact_tail(std::int64_t m, std::int64_t n, std::int64_t gap) {
  std::vector<double> share(static_cast<std::size_t>(n) + 1);
  for (std::int64_t i = 0; i <= m; ++i) {
    for (std::int64_t j = 0; j <= n; ++j) {
      const std::size_t at = static_cast<std::size_t>(j);
      if (std::abs(i * n - j * m) >= gap) {
        share[at] = 1;
      } else if (i + j == 0) {
        share[at] = 0;
      } else {
        const double above = i > 0 ? share[at] * static_cast<double>(i) : 0.0;
        const double left = j > 0 ? share[at - 1] * static_cast<double>(j) : 0.0;
        share[at] = (above + left) / static_cast<double>(i + j);
      }
    }
  }
  return share.back();
}

double kolmogorov_tail(double x) {
  constexpr double kPi = boost::math::constants::pi<double>();
  if (x <= 0) return 1;
  double sum = 0;
  if (x < 1) {  // the same function, in a series that converges fast for small x
    for (int k = 1; k <= 9; k += 2) sum += std::exp(-k * k * kPi * kPi / (8 * x * x));
    return 1 - std::sqrt(2 * kPi) / x * sum;
  }
  for (int k = 1; k <= 9; ++k) sum += (k % 2 == 1 ? 2 : -2) * std::exp(-2 * k * k * x * x);
  return sum;
}

// D m n as a whole number, so that nothing hangs on rounding.
struct Gap {
  std::int64_t m = 0, n = 0, gap = 0;
  bool has_ties = false;
  double product() const { return static_cast<double>(m) * static_cast<double>(n); }
  double statistic() const { return static_cast<double>(gap) / product(); }
};

Gap largest_gap(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.empty() || b.empty()) {
    throw Error(ErrorKind::kUsage, "a Kolmogorov-Smirnov test needs values on both sides");
  }
  std::vector<double> first = a, second = b;
  for (std::vector<double>* list : {&first, &second}) {
    if (!std::all_of(list->begin(), list->end(), [](double v) { return std::isfinite(v); })) {
      throw Error(ErrorKind::kUsage, "a Kolmogorov-Smirnov test needs finite values");
    }
    std::sort(list->begin(), list->end());
  }
  Gap found{static_cast<std::int64_t>(first.size()), static_cast<std::int64_t>(second.size())};
  std::int64_t i = 0, j = 0;
  while (i < found.m && j < found.n) {
    const double value =
        std::min(first[static_cast<std::size_t>(i)], second[static_cast<std::size_t>(j)]);
    const std::int64_t before = i + j;
    while (i < found.m && first[static_cast<std::size_t>(i)] == value) ++i;
    while (j < found.n && second[static_cast<std::size_t>(j)] == value) ++j;
    found.has_ties = found.has_ties || i + j - before > 1;
    found.gap = std::max(found.gap, std::abs(i * found.n - j * found.m));
  }
  found.has_ties = found.has_ties ||
                   std::adjacent_find(first.begin(), first.end()) != first.end() ||
                   std::adjacent_find(second.begin(), second.end()) != second.end();
  return found;
}

}  // namespace

double ks_statistic(const std::vector<double>& a, const std::vector<double>& b) {
  return largest_gap(a, b).statistic();
}

KolmogorovSmirnovTest kolmogorov_smirnov(const std::vector<double>& a,
                                         const std::vector<double>& b) {
  const Gap found = largest_gap(a, b);
  KolmogorovSmirnovTest test;
  test.statistic = found.statistic();
  test.exact = !found.has_ties && std::max(a.size(), b.size()) <= kLongestExact;
  const double scale = std::sqrt(found.product() / static_cast<double>(found.m + found.n));
  test.p = test.exact ? exact_tail(found.m, found.n, found.gap)
                      : kolmogorov_tail(test.statistic * scale);
  return test;
}

}  // namespace oubli
