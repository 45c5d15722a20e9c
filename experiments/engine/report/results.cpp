#include "experiments/engine/report/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/evaluate/statistics/equivalence.h"

namespace oubli {
namespace {

// Squares of larger values, and so their variance, are beyond what a double holds. Nothing that is
// measured of a usable model comes near.
constexpr double kLargestValue = 1e150;

}  // namespace

std::string RowResult::failure_text() const {
  std::size_t diverged = 0, failed = 0, refused = 0;
  for (const ModelResult& model : models) {
    diverged += model.status == "diverged";
    failed += model.status == "failed";
    refused += model.status == "refused";
  }
  if (failed > 0) return fmt::format("failed {}/{}", failed, models.size());
  if (refused > 0) return fmt::format("refused {}/{}", refused, models.size());
  return diverged > 0 ? fmt::format("diverged {}/{}", diverged, models.size()) : "";
}

std::map<std::int64_t, std::vector<double>> RowResult::values_by_seed(
    const std::string& column) const {
  if (!failure_text().empty()) return {};
  std::map<std::int64_t, std::vector<double>> by_seed;
  for (const ModelResult& model : models) {
    const auto found = model.values.find(column);
    if (found == model.values.end() || !(std::abs(found->second) <= kLargestValue)) return {};
    by_seed[model.training_seed].push_back(found->second);
  }
  return by_seed;
}

std::vector<double> RowResult::seed_means(const std::string& column) const {
  std::vector<double> means;
  for (const auto& [seed, values] : values_by_seed(column)) {
    means.push_back(estimate_mean(values).mean);
  }
  return means;
}

std::optional<Estimate> RowResult::cell(const std::string& column) const {
  if (const auto found = pooled.find(column); found != pooled.end()) return found->second;
  const std::map<std::int64_t, std::vector<double>> by_seed = values_by_seed(column);
  if (by_seed.empty()) return std::nullopt;
  Estimate estimate = is_of_one_original && by_seed.size() == 1
                          ? estimate_mean(by_seed.begin()->second)
                          : estimate_mean(seed_means(column));
  estimate.at_least = at_least(column);
  return estimate;
}

bool RowResult::at_least(const std::string& column) const {
  return std::any_of(models.begin(), models.end(),
                     [&](const ModelResult& model) { return model.at_least.contains(column); });
}

double Results::resolution(const std::string& column) const {
  // One example more or less matters to nobody.
  if (metric_of(column) == "accuracy") return 1.0 / set_size(set_of(column));
  const ColumnInfo* described = info(column);
  return described != nullptr ? described->resolution : 0;
}

bool Results::is_of_one_given_original() const {
  if (!resolved.is_object()) return false;
  const Json original = resolved.value("original", Json());
  return original.is_object() && original.contains("weights") && original.at("weights").size() == 1;
}

bool Results::is_attribution() const {
  return resolved.is_object() && resolved.contains("attribution");
}

bool Results::has_numbers() const {
  return std::any_of(rows.begin(), rows.end(), [&](const RowResult& row) {
    const auto has_cell = [&](const std::string& column) { return row.cell(column).has_value(); };
    return !row.is_original() && !row.is_noise_floor() &&
           std::any_of(columns.begin(), columns.end(), has_cell);
  });
}

const RowResult* Results::find(const std::string& row) const {
  for (const RowResult& one : rows) {
    if (one.name == row) return &one;
  }
  return nullptr;
}

std::vector<double> Results::oracle_values(const RowResult& row, const std::string& column) const {
  const RowResult* floor = floor_of(row);
  if (floor == nullptr || floor->at_least(column)) return {};
  std::vector<double> values = floor->seed_means(column);
  const ColumnInfo* described = info(column);
  const bool pairwise = described != nullptr && described->to_oracles;
  if (values.size() < (pairwise ? 3 : 2)) return {};
  return pairwise ? leave_one_out(values) : values;
}

const ColumnInfo* Results::info(const std::string& column) const {
  const auto found = infos.find(column);
  return found == infos.end() ? nullptr : &found->second;
}

double Results::set_size(const std::string& set) const {
  static constexpr std::string_view kAgainstTruth = "_true";
  if (!sets.contains(set) && set.ends_with(kAgainstTruth)) {  // the same, against other labels
    return set_size(set.substr(0, set.size() - kAgainstTruth.size()));
  }
  if (!sets.contains(set)) {
    throw Error(ErrorKind::kData,
                fmt::format("the results do not say how large the set '{}' is", set));
  }
  return sets.at(set).get<double>();
}

void Results::describe_columns(const Registry<Metric>& metrics) {
  for (const std::string& column : columns) {
    if (const ColumnInfo* info = find_column(metrics, column)) infos[column] = *info;
  }
}

}  // namespace oubli
