// How far each tensor of parameters lies from the oracles', in units of how far they lie from one
// another: a figure for each method.
#include <fmt/format.h>

#include "experiments/engine/report/page/figure.h"
#include "experiments/engine/report/page/figures/interval_plot.h"

namespace oubli {

std::vector<Figure> layer_figures(const FigureInput& input) {
  const Results& results = input.results;
  std::vector<Figure> figures;
  // Of the columns split by tensor the first one, which says most.
  std::string metric;
  for (const std::string& column : results.columns) {
    const ColumnInfo* info = results.info(column);
    if (info != nullptr && info->by_parameter && metric.empty()) metric = metric_of(column);
  }
  if (metric.empty()) return figures;
  for (const RowResult& row : results.rows) {
    if (row.is_noise_floor() || !row.failure_text().empty()) continue;
    std::vector<IntervalRow> tensors;
    for (const std::string& column : results.columns) {
      if (metric_of(column) != metric) continue;
      IntervalRow shown{column.substr(metric.size() + 1), row.is_original() ? "original" : "open",
                        row.cell(column), row.seed_means(column)};
      const RowResult* floor = results.floor_of(row);
      const std::optional<Estimate> own =
          floor != nullptr ? floor->cell(column) : std::optional<Estimate>();
      if (own) shown.band = IntervalRow::Band{own->mean, own->half_width.value_or(0), "interval"};
      if (shown.value) tensors.push_back(std::move(shown));
    }
    if (tensors.empty()) continue;
    figures.push_back({"layers-" + figure_name(row.name), "layers", row.name,
                       "By tensor; the band is the oracles' own value, each against the others, "
                       "with its 95 % interval.",
                       fmt::format("{} of {}: {}", metric, row.name, rows_in_words(tensors)),
                       interval_plot(tensors, metric)});
  }
  return figures;
}

}  // namespace oubli
