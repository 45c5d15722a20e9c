// Eigenvalues of a curvature matrix by half decade, as `oubli curvature` estimated them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "experiments/engine/report/half_decades.h"
#include "experiments/engine/report/page/figure.h"
#include "experiments/engine/report/page/figures/interval_plot.h"

namespace oubli {
namespace {

constexpr int kHalfDecadesShown = 12;  // below the largest; what is nearer to 0 stands in one row

std::string bin_name(int bin, const HalfDecades& bins) {
  if (bin == 0) return fmt::format("nearer to 0 than {:.1e}", bins.edge(1));
  const int step = std::abs(bin);
  return bin > 0 ? fmt::format("{:.1e} to {:.1e}", bins.edge(step), bins.edge(step + 1))
                 : fmt::format("-{:.1e} to -{:.1e}", bins.edge(step + 1), bins.edge(step));
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
    const HalfDecades bins(size > 0 ? size : 1, kHalfDecadesShown);
    std::map<int, std::vector<double>> counts;  // by bin, of each probe
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (!(probes[i] >= 0 && probes[i] < count) || !std::isfinite(nodes[i]))
        throw Error(ErrorKind::kData, "a spectrum's probes are none");
      std::vector<double>& of_probes = counts[bins.bin_of(nodes[i])];
      of_probes.resize(static_cast<std::size_t>(count));
      // Weights are of all probes together.
      of_probes[static_cast<std::size_t>(probes[i])] += weights[i] * count * dim;
    }
    std::vector<IntervalRow> rows;
    for (const auto& [bin, of_probes] : counts) {
      const Estimate mean = estimate_mean(of_probes);
      if (mean.mean > 0) rows.push_back({bin_name(bin, bins), "equivalent", mean, of_probes});
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
