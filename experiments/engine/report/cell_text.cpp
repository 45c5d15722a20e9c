#include "experiments/engine/report/cell_text.h"

#include <fmt/format.h>

#include <cmath>

namespace oubli {

std::string cell_text(const Estimate& estimate) {
  constexpr double kLargestPlain = 1e15;  // beyond, with an exponent
  if (estimate.at_least) return fmt::format(">= {:.3g}", estimate.mean);
  const double mean = estimate.mean;
  const auto plain = [](double value) {
    const bool is_count =
        std::abs(value) >= 1e4 && std::abs(value) < kLargestPlain && value == std::round(value);
    return is_count ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value);
  };
  if (!estimate.half_width) return plain(mean);
  const double half = *estimate.half_width;
  // Values near the largest that a double holds have a deviation of more.
  if (!std::isfinite(mean) || !std::isfinite(half) || half < 0) {
    return fmt::format("{:.4g} ± {:.4g}", mean, half);
  }
  if (half <= 1e-12 * std::abs(mean) || half == 0) return plain(mean) + " ± 0";
  // Two digits of the half-width, and the mean to the same place.
  const int place = static_cast<int>(std::floor(std::log10(half))) - 1;
  if (place >= 0 && std::abs(mean) < kLargestPlain && half < kLargestPlain) {
    const double unit = std::pow(10.0, place);
    return fmt::format("{:.0f} ± {:.0f}", std::round(mean / unit) * unit,
                       std::round(half / unit) * unit);
  }
  if (place < 0 && place >= -6 && std::abs(mean) < kLargestPlain)
    return fmt::format("{:.{}f} ± {:.{}f}", mean, -place, half, -place);
  const int digits =
      std::abs(mean) > half ? static_cast<int>(std::floor(std::log10(std::abs(mean)))) - place : 1;
  if (digits > 6) return fmt::format("{:.4g} ± {:.1g}", mean, half);
  return fmt::format("{:.{}e} ± {:.1e}", mean, digits, half);
}

std::string difference_text(const TTest& test) {
  const Interval interval = test.interval(0.95);
  return cell_text({test.difference, (interval.upper - interval.lower) / 2, 2});
}

}  // namespace oubli
