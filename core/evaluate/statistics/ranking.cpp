#include "core/evaluate/statistics/ranking.h"

#include <algorithm>
#include <boost/math/constants/constants.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

#include "core/base/error.h"
#include "core/evaluate/statistics/ranks.h"

namespace oubli {
namespace {

using boost::math::cdf;
using boost::math::complement;

// P(range of k standard normal values <= q) = k int phi(z) [Phi(z) - Phi(z - q)]^(k-1) dz, z being
// the largest. The trapezoid rule is exact to rounding on so smooth and short a bump.
double range_cdf(double q, std::size_t k) {
  constexpr int kSteps = 16;  // to a deviation
  const boost::math::normal normal;
  const double others = static_cast<double>(k - 1);
  double sum = 0;
  for (int i = -9 * kSteps; i <= 9 * kSteps; ++i) {
    const double z = static_cast<double>(i) / kSteps;
    sum += std::exp(-z * z / 2) * std::pow(cdf(normal, z) - cdf(normal, z - q), others);
  }
  return static_cast<double>(k) * sum / kSteps / boost::math::constants::root_two_pi<double>();
}

std::vector<std::vector<std::size_t>> cliques_within(const std::vector<double>& ranks,
                                                     double difference) {
  std::vector<std::size_t> order(ranks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return ranks[a] < ranks[b]; });
  std::vector<std::vector<std::size_t>> cliques;
  std::size_t last_end = 0;
  for (std::size_t begin = 0; begin < order.size(); ++begin) {
    std::size_t end = begin + 1;
    while (end < order.size() && ranks[order[end]] - ranks[order[begin]] < difference) ++end;
    if (end - begin < 2 || end <= last_end) continue;
    cliques.emplace_back(order.begin() + static_cast<std::ptrdiff_t>(begin),
                         order.begin() + static_cast<std::ptrdiff_t>(end));
    last_end = end;
  }
  return cliques;
}

}  // namespace

double nemenyi_quantile(std::size_t methods, double alpha) {
  if (methods < 2) throw Error(ErrorKind::kUsage, "a range needs at least two methods");
  if (!(alpha > 0 && alpha < 1)) {
    throw Error(ErrorKind::kUsage, "alpha must lie strictly between 0 and 1");
  }
  std::uintmax_t steps = 200;
  const auto [low, high] = boost::math::tools::toms748_solve(
      [&](double q) { return range_cdf(q, methods) - (1 - alpha); }, 1e-8, 40.0,
      boost::math::tools::eps_tolerance<double>(50), steps);
  return (low + high) / 2 / std::sqrt(2.0);
}

Ranking rank_methods(const std::vector<std::vector<double>>& values, RankOrder best, double alpha) {
  if (values.size() < 2 || values.front().size() < 2) {
    throw Error(ErrorKind::kUsage, "a ranking needs at least two blocks of at least two methods");
  }
  const std::size_t methods = values.front().size();
  std::vector<std::vector<double>> ranks;
  Ranking ranking;
  ranking.average_ranks.assign(methods, 0.0);
  for (std::vector<double> block : values) {
    if (block.size() != methods) {
      throw Error(ErrorKind::kUsage, "every block of a ranking must hold every method");
    }
    if (best == RankOrder::kHighest) {
      for (double& value : block) value = -value;
    }
    ranks.push_back(midranks(block).ranks);
    for (std::size_t j = 0; j < methods; ++j) ranking.average_ranks[j] += ranks.back()[j];
  }
  const double n = static_cast<double>(values.size());
  const double k = static_cast<double>(methods);
  for (double& rank : ranking.average_ranks) rank /= n;

  double between = 0, within = 0;
  for (std::size_t j = 0; j < methods; ++j) {
    between += n * std::pow(ranking.average_ranks[j] - (k + 1) / 2, 2);
    for (const std::vector<double>& block : ranks) {
      within += std::pow(block[j] - ranking.average_ranks[j], 2);
    }
  }
  if (between > 0) {
    ranking.chi2 = n * (k - 1) * between / (between + within);
    ranking.chi2_p = cdf(complement(boost::math::chi_squared(k - 1), ranking.chi2));
    ranking.f = within > 0 ? (n - 1) * between / within : std::numeric_limits<double>::infinity();
    ranking.f_p = within > 0
                      ? cdf(complement(boost::math::fisher_f(k - 1, (k - 1) * (n - 1)), ranking.f))
                      : 0.0;
  }
  ranking.critical_difference = nemenyi_quantile(methods, alpha) * std::sqrt(k * (k + 1) / (6 * n));
  ranking.cliques = cliques_within(ranking.average_ranks, ranking.critical_difference);
  return ranking;
}

}  // namespace oubli
