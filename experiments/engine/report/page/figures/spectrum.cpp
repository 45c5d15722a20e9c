// Eigenvalues of a curvature matrix by half decade, as `oubli curvature` estimated them.
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "experiments/engine/report/cell_text.h"
#include "experiments/engine/report/page/figure.h"
#include "experiments/engine/report/page/figures/interval_plot.h"

namespace oubli {
namespace {

constexpr int kHalfDecadesShown = 12;  // below the largest; what is nearer to 0 stands in one row

struct Bin {
  std::string name;
  std::map<std::int64_t, double> shares = {};  // by probe
};

// Half decades from the most negative eigenvalue to the largest.
std::map<int, Bin> bins_of(const std::vector<double>& nodes) {
  double size = 0;
  for (const double node : nodes) size = std::max(size, std::abs(node));
  std::map<int, Bin> bins;
  if (!(size > 0)) return bins;
  const int top = static_cast<int>(std::floor(2 * std::log10(size)));
  for (int k = 0; k < kHalfDecadesShown; ++k) {
    const double low = std::pow(10, (top - k) / 2.0), high = std::pow(10, (top - k + 1) / 2.0);
    bins[kHalfDecadesShown - k] = {fmt::format("{:.1e} to {:.1e}", low, high)};
    bins[k - kHalfDecadesShown] = {fmt::format("-{:.1e} to -{:.1e}", high, low)};
  }
  bins[0] = {
      fmt::format("nearer to 0 than {:.1e}", std::pow(10, (top - kHalfDecadesShown + 1) / 2.0))};
  return bins;
}

int bin_of_node(double node, double size) {
  if (node == 0) return 0;
  const int top = static_cast<int>(std::floor(2 * std::log10(size)));
  const int k = top - static_cast<int>(std::floor(2 * std::log10(std::abs(node))));
  const int bin = std::max(0, kHalfDecadesShown - k);
  return node > 0 ? bin : -bin;
}

}  // namespace

std::vector<Figure> spectrum_figures(const FigureInput& input) {
  std::vector<Figure> figures;
  for (const Json& spectrum : input.evidence.spectra) {
    if (!spectrum.contains("probes")) continue;
    const auto nodes = spectrum.at("nodes").get<std::vector<double>>();
    const auto weights = spectrum.at("weights").get<std::vector<double>>();
    const auto probes = spectrum.at("probes").get<std::vector<double>>();
    const double dim = spectrum.at("dim").get<double>();
    const auto count = static_cast<double>(spectrum.at("traces").size());
    if (nodes.size() != weights.size() || nodes.size() != probes.size()) continue;
    double size = 0;
    for (const double node : nodes) size = std::max(size, std::abs(node));
    std::map<int, Bin> bins = bins_of(nodes);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (!(probes[i] >= 0 && probes[i] < count) || !std::isfinite(nodes[i]))
        throw Error(ErrorKind::kData, "a spectrum's probes are none");
      // Weights are of all probes together.
      bins[bin_of_node(nodes[i], size)].shares[static_cast<std::int64_t>(probes[i])] +=
          weights[i] * count * dim;
    }
    std::vector<IntervalRow> rows;
    for (auto& [number, bin] : bins) {
      std::vector<double> counts;
      for (std::int64_t probe = 0; probe < static_cast<std::int64_t>(count); ++probe)
        counts.push_back(bin.shares[probe]);
      const Estimate mean = estimate_mean(counts);
      if (mean.mean > 0) rows.push_back({bin.name, "equivalent", mean, counts});
    }
    const std::string kind = spectrum.value("kind", "");
    figures.push_back(
        {"spectrum-" + figure_name(kind), "spectrum", "Spectrum: " + kind,
         "About how many eigenvalues lie in each interval: means over random probes with 95 % "
         "intervals; faint points are probes.",
         fmt::format("Eigenvalues from {:.3g} to {:.3g} of {} parameters: {}",
                     spectrum.at("smallest").get<double>(), spectrum.at("largest").get<double>(),
                     dim, rows_in_words(rows)),
         interval_plot(rows, "about how many eigenvalues")});
  }
  return figures;
}

}  // namespace oubli
