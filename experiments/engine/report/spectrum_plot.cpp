#include "experiments/engine/report/spectrum_plot.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "experiments/engine/report/half_decades.h"

namespace oubli {
namespace {

constexpr int kHalfDecades = 10;  // below the largest, on either side

std::string interval(int bin, const HalfDecades& bins) {
  if (bin == 0) return fmt::format("|x| < {:.1e}", bins.edge(1));
  const int step = std::abs(bin);
  return bin > 0 ? fmt::format("{:8.1e} to {:8.1e}", bins.edge(step), bins.edge(step + 1))
                 : fmt::format("{:8.1e} to {:8.1e}", -bins.edge(step + 1), -bins.edge(step));
}

}  // namespace

std::string spectrum_plot(const SpectrumEstimate& spectrum, std::int64_t dim, std::size_t columns) {
  const double size = spectrum.nodes.abs().max().item<double>();
  if (!(size > 0)) return "  all eigenvalues are 0\n";
  const HalfDecades bins(size, kHalfDecades);
  std::vector<double> counts(2 * kHalfDecades + 1, 0.0);
  for (std::int64_t i = 0; i < spectrum.nodes.numel(); ++i) {
    const int number = kHalfDecades + bins.bin_of(spectrum.nodes[i].item<double>());
    counts[static_cast<std::size_t>(number)] +=
        spectrum.weights[i].item<double>() * static_cast<double>(dim);
  }
  constexpr std::size_t kLabel = 40;
  const std::size_t room = columns > kLabel + 10 ? std::min<std::size_t>(columns - kLabel, 60) : 10;
  const double most = std::log10(1 + static_cast<double>(dim));
  std::string text = fmt::format("  {:<21}  {:>12}\n", "eigenvalues", "about");
  for (int bin = -kHalfDecades; bin <= kHalfDecades; ++bin) {
    const int number = kHalfDecades + bin;
    const double count = counts[static_cast<std::size_t>(number)];
    if (count <= 0) continue;
    const double length = static_cast<double>(room) * std::log10(1 + count) / most;
    const auto bar = std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(length)));
    text += fmt::format("  {:<21}  {:>12.3g}  {}\n", interval(bin, bins), count,
                        std::string(std::min(bar, room), '#'));
  }
  return text;
}

}  // namespace oubli
