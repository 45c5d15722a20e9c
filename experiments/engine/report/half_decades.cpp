#include "experiments/engine/report/half_decades.h"

#include <algorithm>
#include <cmath>

namespace oubli {

HalfDecades::HalfDecades(double largest, int count)
    : top_(std::floor(2 * std::log10(largest)) / 2), count_(count) {}

int HalfDecades::bin_of(double value) const {
  if (value == 0) return 0;
  const double steps = std::floor(2 * (std::log10(std::abs(value)) - top_)) + count_;
  const int bin = static_cast<int>(std::clamp(steps, 0.0, static_cast<double>(count_)));
  return value < 0 ? -bin : bin;
}

double HalfDecades::edge(int bin) const {
  return std::pow(10.0, top_ + 0.5 * static_cast<double>(bin - count_));
}

}  // namespace oubli
