// A sequence of edits: each column that is decisive, or about the sequence, by request.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "experiments/engine/report/page/figure.h"
#include "experiments/engine/report/page/figures/panel_plot.h"
#include "experiments/engine/report/page/figures/result_rows.h"
#include "experiments/engine/report/report_model.h"
#include "experiments/engine/report/verdict.h"

namespace oubli {
namespace {

// The decisive ones, and what a sequence spends and keeps.
std::vector<std::string> streamed_columns(const Results& results) {
  static const std::set<std::string> of_sequences = {"distance",      "cost_ratio",
                                                     "budget_left",   "request_cost_ratio",
                                                     "worst_request", "retrainings"};
  std::vector<std::string> columns = decisive_columns(results);
  for (const std::string& column : results.columns) {
    const bool is_new = std::find(columns.begin(), columns.end(), column) == columns.end();
    if (is_new && of_sequences.contains(column)) columns.push_back(column);
  }
  return columns;
}

}  // namespace

std::vector<Figure> stream_figures(const FigureInput& input) {
  const Results& results = input.results;
  std::vector<Figure> figures;
  if (results.checkpoints.size() < 2) return figures;
  std::set<std::string> explained;
  for (const std::string& column : streamed_columns(results)) {
    const ColumnInfo* info = results.info(column);
    CourseSet set;
    set.name = column;
    set.title = axis_title(results, column) + " by request";
    set.x_title = "requests";
    set.y_title = axis_title(results, column);
    for (const Results& then : results.checkpoints)
      set.places.push_back(static_cast<double>(then.after_requests));
    for (const RowResult& row : results.rows) {
      Course course;
      for (const Results& then : results.checkpoints) {
        const RowResult* there = then.find(row.name);
        const std::optional<Estimate> cell =
            there != nullptr && there->failure_text().empty() ? there->cell(column) : std::nullopt;
        course.values.push_back(cell ? *cell
                                     : Estimate{std::numeric_limits<double>::quiet_NaN(), {}, 0});
      }
      const bool has_any =
          std::any_of(course.values.begin(), course.values.end(),
                      [](const Estimate& value) { return std::isfinite(value.mean); });
      if (has_any) set.rows.emplace_back(row.name, std::move(course));
    }
    if (set.rows.empty()) continue;
    Figure figure;
    figure.name = "stream-" + figure_name(column);
    figure.section = "stream";
    figure.title = set.title;
    const bool is_new = explained.insert(metric_of(column)).second;
    figure.caption = kPanelKey + (info != nullptr && is_new ? " " + info->definition : "");
    figure.alternative = fmt::format("{} after {} to {} requests, in one panel for each method.",
                                     column, set.places.front(), set.places.back());
    figure.spec = panel_plot(results, set);
    figures.push_back(std::move(figure));
  }
  return figures;
}

}  // namespace oubli
