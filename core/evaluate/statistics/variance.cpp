#include "core/evaluate/statistics/variance.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "core/evaluate/statistics/moments.h"

namespace oubli {

VarianceSplit split_variance(const std::vector<std::vector<double>>& values, double level) {
  require_level(level);
  VarianceSplit split;
  split.training_seeds = values.size();
  std::vector<double> means;
  double total = 0, squares_within = 0, squared_counts = 0;
  for (const std::vector<double>& of_seed : values) {
    const Moments seed = moments(of_seed, "the values of a training seed");
    const double n = static_cast<double>(seed.n);
    means.push_back(seed.mean);
    split.values += seed.n;
    total += n * seed.mean;
    squares_within += (n - 1) * seed.variance;
    squared_counts += n * n;
  }
  const Moments over_seeds = moments(means, "the training seeds");
  split.mean = over_seeds.mean;

  const double a = static_cast<double>(split.training_seeds);
  const double count = static_cast<double>(split.values);
  if (split.training_seeds > 1) {
    const double half_width =
        boost::math::quantile(boost::math::students_t(a - 1), (1 + level) / 2) * over_seeds.sd() /
        std::sqrt(a);
    split.interval = Interval{split.mean - half_width, split.mean + half_width};
  }
  if (split.values == split.training_seeds) return split;
  const double within = squares_within / (count - a);
  split.unlearning_variance = within;
  if (split.training_seeds == 1) return split;
  double between = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double deviation = means[i] - total / count;
    between += static_cast<double>(values[i].size()) * deviation * deviation / (a - 1);
  }
  const double per_seed = (count - squared_counts / count) / (a - 1);
  split.training_variance = std::max(0.0, (between - within) / per_seed);
  return split;
}

}  // namespace oubli
