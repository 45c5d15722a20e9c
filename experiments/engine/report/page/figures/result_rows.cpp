#include "experiments/engine/report/page/figures/result_rows.h"

#include <fmt/format.h>

#include "core/evaluate/statistics/prediction.h"
#include "experiments/engine/plan/verdict_settings.h"
#include "experiments/engine/report/report_model.h"

namespace oubli {

namespace {

std::string kind_in(const FigureInput& input, std::size_t number, const std::string& column) {
  const RowResult& row = input.results.rows[number];
  if (row.is_original()) return "original";
  if (row.is_noise_floor()) return "oracle";
  if (input.verdicts.empty()) return "open";
  for (const ColumnVerdict& verdict : input.verdicts[number].columns) {
    if (verdict.column != column) continue;
    if (verdict.place && !verdict.different) return "equivalent";  // among the oracles
    return verdict.equivalent ? "equivalent" : verdict.different ? "different" : "open";
  }
  return "open";
}

}  // namespace

std::vector<IntervalRow> rows_of_column(const FigureInput& input, const std::string& column) {
  const Results& results = input.results;
  const VerdictSettings settings = VerdictSettings::from(results.resolved);
  const double resolution = results.resolution(column);
  std::vector<IntervalRow> rows;
  for (std::size_t r = 0; r < results.rows.size(); ++r) {
    const RowResult& row = results.rows[r];
    IntervalRow shown{row.name, kind_in(input, r, column), {}};
    shown.note = row.failure_text();
    if (shown.note.empty()) {
      shown.value = row.cell(column);
      shown.seeds = row.seed_means(column);
      if (row.is_of_one_original) {
        shown.seeds.clear();  // each run on it
        for (const auto& [seed, runs] : row.values_by_seed(column))
          shown.seeds.insert(shown.seeds.end(), runs.begin(), runs.end());
      }
      if (shown.value && shown.value->at_least) shown.note = "a lower limit";
    }
    const std::vector<double> oracles = results.oracle_values(row, column);
    if (oracles.size() >= 2) {
      const Moments spread = moments(oracles);
      double half = equivalence_margin(spread, {resolution, settings.margin, settings.alpha}).value;
      const char* word = "margin";
      if (row.is_of_one_original) {
        const Interval place =
            place_among(spread.mean, oracles, 1 - settings.alpha, resolution).interval;
        half = (place.upper - place.lower) / 2;
        word = "prediction interval";
      }
      shown.band = IntervalRow::Band{spread.mean, half, word};
    }
    rows.push_back(std::move(shown));
  }
  return rows;
}

std::string axis_title(const Results& results, const std::string& column) {
  const ColumnInfo* info = results.info(column);
  const std::string title = column_title(column, info != nullptr ? info->heading : "");
  if (column == "cost_ratio") return "sample-gradients / retraining's";
  if (column == "seconds_ratio") return "seconds / retraining's";
  const std::string range = info != nullptr ? info->range : "";
  return range.find("nats") != std::string::npos ? title + " (nats)" : title;
}

}  // namespace oubli
