#include "experiments/engine/commands/ranked_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/base/error.h"
#include "core/evaluate/statistics/estimate.h"

namespace oubli {

void require_column(const Results& results, const std::string& folder, const std::string& column,
                    const Registry<Metric>& metrics) {
  const std::vector<std::string>& columns = results.columns;
  if (std::find(columns.begin(), columns.end(), column) != columns.end()) return;
  const Metric* metric = find_metric_of(metrics, column);
  std::vector<std::string> of_metric;
  for (const std::string& other : columns) {
    const Metric* owner = find_metric_of(metrics, other);
    if (metric != nullptr && owner == metric) of_metric.push_back(other);
  }
  if (!of_metric.empty()) {
    throw Error(ErrorKind::kSettings,
                fmt::format("{}: '{}' has several columns: choose with --by among {}.", folder,
                            column, fmt::join(of_metric, ", ")));
  }
  throw Error(ErrorKind::kSettings,
              metric == nullptr
                  ? folder + ": " + unknown_name_message("column", column, columns)
                  : fmt::format("{}: {} was not measured: add {} to 'measure', or choose with "
                                "--by among {}.",
                                folder, column, metric->name, fmt::join(columns, ", ")));
}

std::vector<double> badness(const Results& results, const RowResult& row,
                            const std::string& column) {
  std::vector<double> values = row.seed_means(column);
  const RowResult* oracles = results.floor_of(row);
  if (row.at_least(column) || (oracles != nullptr && oracles->at_least(column))) return {};
  const ColumnInfo* info = results.info(column);
  const GoodSide better = info ? info->better : GoodSide::kOracle;
  if (better == GoodSide::kLower) return values;
  double aim = 0;
  if (better == GoodSide::kOracle) {
    const std::optional<Estimate> cell = oracles ? oracles->cell(column) : std::nullopt;
    if (!cell) return {};
    aim = cell->mean;
  }
  for (double& value : values) {
    value = better == GoodSide::kOracle ? std::abs(value - aim) : -value;
  }
  return values;
}

std::vector<std::string> common_rows(const std::vector<Results>& all, const std::string& column) {
  std::vector<std::string> names;
  for (const RowResult& row : all.front().rows) {
    if (row.is_noise_floor()) continue;
    const bool everywhere = std::all_of(all.begin(), all.end(), [&](const Results& results) {
      const RowResult* found = results.find(row.name);
      return found != nullptr && !badness(results, *found, column).empty();
    });
    if (everywhere) names.push_back(row.name);
  }
  return names;
}

std::vector<std::vector<double>> blocks_of(const std::vector<Results>& all,
                                           const std::vector<std::string>& names,
                                           const std::string& column, RankBlocks which) {
  std::vector<std::vector<double>> blocks;
  for (const Results& results : all) {
    std::vector<std::vector<double>> by_method;
    by_method.reserve(names.size());
    for (const std::string& name : names) {
      by_method.push_back(badness(results, *results.find(name), column));
    }
    if (which == RankBlocks::kResults) {
      for (std::vector<double>& values : by_method) values = {estimate_mean(values).mean};
    }
    const std::size_t seeds = by_method.empty() ? 0 : by_method.front().size();
    for (std::size_t s = 0; s < seeds; ++s) {
      std::vector<double> block;
      block.reserve(names.size());
      for (const std::vector<double>& values : by_method) block.push_back(values[s]);
      blocks.push_back(std::move(block));
    }
  }
  return blocks;
}

}  // namespace oubli
