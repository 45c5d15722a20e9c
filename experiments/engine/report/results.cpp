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
  std::size_t diverged = 0, failed = 0;
  for (const ModelResult& model : models) {
    diverged += model.status == "diverged";
    failed += model.status == "failed";
  }
  if (failed > 0) return fmt::format("failed {}/{}", failed, models.size());
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
  const std::vector<double> means = seed_means(column);
  if (means.empty()) return std::nullopt;
  Estimate estimate = estimate_mean(means);
  estimate.at_least = at_least(column);
  return estimate;
}

bool RowResult::at_least(const std::string& column) const {
  return std::any_of(models.begin(), models.end(),
                     [&](const ModelResult& model) { return model.at_least.contains(column); });
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
  if (set == "forget_true") return set_size("forget");  // the same, against other labels
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
