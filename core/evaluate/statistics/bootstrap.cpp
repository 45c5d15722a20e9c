#include "core/evaluate/statistics/bootstrap.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <numeric>
#include <random>

#include "core/base/error.h"

namespace oubli {
namespace {

using Indices = std::vector<std::size_t>;

double sorted_quantile(const std::vector<double>& sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const std::size_t below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double weight = position - static_cast<double>(below);
  return sorted[below] + weight * (sorted[above] - sorted[below]);
}

std::vector<double> pick(const std::vector<double>& values, const Indices& indices) {
  std::vector<double> picked(indices.size());
  for (std::size_t i = 0; i < indices.size(); ++i) picked[i] = values[indices[i]];
  return picked;
}

BootstrapResult bootstrap_indices(std::size_t n, const std::function<double(const Indices&)>& on,
                                  const BootstrapOptions& options) {
  require_level(options.level);
  if (n < 2) throw Error(ErrorKind::kUsage, "a bootstrap needs at least two values");
  if (options.resamples == 0) throw Error(ErrorKind::kUsage, "a bootstrap needs resamples");
  const auto finite = [&](const Indices& indices) {
    const double value = on(indices);
    if (!std::isfinite(value)) {
      throw Error(ErrorKind::kUsage, "the statistic is not finite on a resample");
    }
    return value;
  };
  Indices indices(n);
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  BootstrapResult result;
  result.estimate = finite(indices);

  // The standard fixes the engine's output but not that of its distributions.
  std::mt19937_64 engine(options.seed);
  std::vector<double> replicates(options.resamples);
  for (double& replicate : replicates) {
    for (std::size_t& index : indices) {
      index = static_cast<std::size_t>(std::ldexp(static_cast<double>(engine() >> 11), -53) *
                                       static_cast<double>(n));
    }
    replicate = finite(indices);
  }
  const auto count = [&](auto condition) {
    return static_cast<double>(std::count_if(replicates.begin(), replicates.end(), condition));
  };
  const double least =
      std::min(count([](double t) { return t <= 0; }), count([](double t) { return t >= 0; }));
  result.p = std::min(1.0, 2 * (least + 1) / (static_cast<double>(options.resamples) + 1));

  if (options.method == BootstrapMethod::kPercentile) {
    result.interval = percentile_interval(std::move(replicates), options.level);
    return result;
  }
  std::vector<double> leave_one_out(n);
  indices.resize(n - 1);
  for (std::size_t left_out = 0; left_out < n; ++left_out) {
    for (std::size_t i = 0; i + 1 < n; ++i) indices[i] = i + (i >= left_out ? 1 : 0);
    leave_one_out[left_out] = finite(indices);
  }
  result.interval =
      bca_interval(std::move(replicates), result.estimate, leave_one_out, options.level);
  return result;
}

}  // namespace

BootstrapResult bootstrap(const std::vector<double>& values, const Statistic& statistic,
                          const BootstrapOptions& options) {
  return bootstrap_indices(
      values.size(), [&](const Indices& indices) { return statistic(pick(values, indices)); },
      options);
}

Interval percentile_interval(std::vector<double> replicates, double level) {
  require_level(level);
  if (replicates.empty()) throw Error(ErrorKind::kUsage, "an interval needs replicates");
  std::sort(replicates.begin(), replicates.end());
  return {sorted_quantile(replicates, (1 - level) / 2),
          sorted_quantile(replicates, (1 + level) / 2)};
}

Interval bca_interval(std::vector<double> replicates, double estimate,
                      const std::vector<double>& leave_one_out, double level) {
  require_level(level);
  if (replicates.empty() || leave_one_out.empty()) {
    throw Error(ErrorKind::kUsage, "an interval needs replicates and leave-one-out values");
  }
  std::sort(replicates.begin(), replicates.end());
  if (replicates.front() == replicates.back()) return {replicates.front(), replicates.front()};
  const auto [first, last] = std::equal_range(replicates.begin(), replicates.end(), estimate);
  const double b = static_cast<double>(replicates.size());
  const double below =
      static_cast<double>((first - replicates.begin()) + (last - replicates.begin())) / 2;
  const boost::math::normal normal;
  const double bias = boost::math::quantile(normal, std::clamp(below / b, 0.5 / b, 1 - 0.5 / b));

  const double mean = std::accumulate(leave_one_out.begin(), leave_one_out.end(), 0.0) /
                      static_cast<double>(leave_one_out.size());
  double squares = 0, cubes = 0;
  for (const double value : leave_one_out) {
    squares += std::pow(mean - value, 2);
    cubes += std::pow(mean - value, 3);
  }
  const double skew = squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0.0;
  const auto shifted = [&](double share) {
    const double z = bias + boost::math::quantile(normal, share);
    const double scale = 1 - skew * z;
    // Beyond the pole of the formula the level has reached its end.
    if (scale <= 0) return z > 0 ? 1.0 : 0.0;
    return boost::math::cdf(normal, bias + z / scale);
  };
  return {sorted_quantile(replicates, shifted((1 - level) / 2)),
          sorted_quantile(replicates, shifted((1 + level) / 2))};
}

}  // namespace oubli
