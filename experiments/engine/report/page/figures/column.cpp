// Each decisive column by itself; of an attribution every column that methods are compared by.
#include <fmt/format.h>

#include <set>

#include "experiments/engine/report/page/figure.h"
#include "experiments/engine/report/page/figures/interval_plot.h"
#include "experiments/engine/report/page/figures/result_rows.h"
#include "experiments/engine/report/report_model.h"
#include "experiments/engine/report/verdict.h"

namespace oubli {
namespace {

std::vector<std::string> pictured_columns(const Results& results) {
  if (!results.is_attribution()) return decisive_columns(results);
  std::vector<std::string> columns;
  const ReportModel model = report_model(results);
  for (const std::size_t c : model.compared(ReportGroup::kAttribution))
    columns.push_back(model.columns[c].name);
  return columns;
}

}  // namespace

std::vector<Figure> column_figures(const FigureInput& input) {
  const Results& results = input.results;
  std::vector<Figure> figures;
  std::set<std::string> explained;
  for (const std::string& column : pictured_columns(results)) {
    const std::vector<IntervalRow> rows = rows_of_column(input, column);
    const ColumnInfo* info = results.info(column);
    Figure figure;
    figure.name = "column-" + figure_name(column);
    figure.section = results.is_attribution() ? "attribution" : "columns";
    figure.title = column_title(column, info != nullptr ? info->heading : "");
    // What a metric is, once.
    const bool is_new = explained.insert(metric_of(column)).second;
    figure.caption = info != nullptr && is_new ? info->definition : "";
    figure.alternative = fmt::format("{} of each row: {}", column, rows_in_words(rows));
    // Shares, rates and correlations are read on a line.
    const bool is_rate = info != nullptr &&
                         (info->range.starts_with("[0, 1]") || info->range.starts_with("[-1, 1]"));
    figure.spec = interval_plot(rows, axis_title(results, column), /*may_be_log=*/!is_rate);
    figures.push_back(std::move(figure));
  }
  return figures;
}

}  // namespace oubli
