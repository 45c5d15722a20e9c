#include "experiments/engine/report/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/evaluate/statistics/holm.h"
#include "experiments/engine/plan/verdict_settings.h"
#include "experiments/engine/report/place_verdict.h"
#include "experiments/engine/report/verdict_text.h"

namespace oubli {
namespace {

bool is_decided_on(const Results& results, const std::string& column, bool privacy_only) {
  const ColumnInfo* info = results.info(column);
  const bool privacy = info != nullptr && info->group == ColumnGroup::kPrivacy;
  return !privacy_only || privacy || is_about_edited_set(column);
}

// A row's values of one column against the oracles'. Absent where either has none, or only limits.
std::optional<Equivalence> held_against_oracles(const Results& results, const RowResult& row,
                                                const std::string& column,
                                                const VerdictSettings& settings) {
  const std::vector<double> values = row.seed_means(column);
  const std::vector<double> oracles = results.oracle_values(row, column);
  if (values.empty() || oracles.empty() || row.at_least(column)) return std::nullopt;
  return compare_with_oracles(values, oracles,
                              {.resolution = results.resolution(column),
                               .margin_factor = settings.margin,
                               .alpha = settings.alpha});
}

// Holm's correction over the columns, and with it which of them differ.
void find_differences(std::vector<ColumnVerdict>& columns, const Results& results, double alpha) {
  std::vector<double> p_values;
  p_values.reserve(columns.size());
  for (const ColumnVerdict& column : columns) {
    const std::optional<EquivalenceTests>& tests = column.comparison.tests;
    p_values.push_back(tests ? tests->p_different : 1);
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    ColumnVerdict& column = columns[i];
    column.p_adjusted = adjusted[i];
    column.different = !column.equivalent && adjusted[i] < alpha;
    if (column.different) {
      column.direction =
          direction_of(column.column, results.info(column.column), column.comparison.difference);
    }
  }
}

// Whether a column scatters nowhere though training does: that three models recall everything is no
// proof that all would.
bool has_saturated(const std::vector<ColumnVerdict>& columns) {
  const auto scatters = [](const ColumnVerdict& column) {
    return column.comparison.method.variance > 0 || column.comparison.oracles.variance > 0;
  };
  const auto at_bound = [](const ColumnVerdict& column) {
    const double mean = column.comparison.oracles.mean;
    return metric_of(column.column) == "accuracy" && (mean == 0 || mean == 1);
  };
  if (std::any_of(columns.begin(), columns.end(), scatters)) {
    return !std::all_of(columns.begin(), columns.end(), scatters);
  }
  return std::all_of(columns.begin(), columns.end(), at_bound);
}

// Tests of the decisive columns over several originals.
RowVerdict judge_columns(const Results& results, const RowResult& row,
                         const std::vector<std::string>& decisive, std::size_t oracles) {
  RowVerdict result;
  const VerdictSettings settings = VerdictSettings::from(results.resolved);
  std::vector<std::string> without_value;
  for (const std::string& column : decisive) {
    const auto comparison = held_against_oracles(results, row, column, settings);
    if (comparison) {
      const bool equivalent = comparison->tests && comparison->tests->equivalent;
      result.columns.push_back({column, *comparison, 1, equivalent, false, ""});
    } else {
      without_value.push_back(column);
    }
  }
  find_differences(result.columns, results, settings.alpha);
  const auto any = [&](bool ColumnVerdict::*what, bool value) {
    return std::any_of(result.columns.begin(), result.columns.end(),
                       [&](const ColumnVerdict& column) { return column.*what == value; });
  };
  if (any(&ColumnVerdict::different, true)) {
    result.kind = RowVerdict::Kind::kDistinguishable;
    result.text = fmt::format("distinguishable ({})", directions_text(result.columns));
  } else if (!without_value.empty()) {
    result.text = oracles < 3 ? "undecided: needs three oracle seeds or more"
                              : without_value_text(without_value);
  } else if (result.columns.empty()) {
    result.text = "undecided: no decisive metric was measured";
  } else if (any(&ColumnVerdict::equivalent, false) ||
             (has_few_seeds(result.columns.front().comparison) && has_saturated(result.columns))) {
    result.text =
        undecided_text(result.columns, is_swept_noise_floor_row(row.noise_floor) ? 0.5 : 1);
  } else {
    result.kind = RowVerdict::Kind::kIndistinguishable;
    result.text = "indistinguishable";
  }
  if (row.is_chosen_by_judges) result.text += "; settings chosen by the oracles that judge";
  return result;
}

}  // namespace

std::string to_string(RowVerdict::Kind kind) {
  switch (kind) {
    case RowVerdict::Kind::kIndistinguishable:
      return "indistinguishable";
    case RowVerdict::Kind::kDistinguishable:
      return "distinguishable";
    case RowVerdict::Kind::kUndecided:
      return "undecided";
    case RowVerdict::Kind::kFailed:
      return "failed";
    case RowVerdict::Kind::kAmong:
      return "among";
    case RowVerdict::Kind::kApart:
      return "apart";
  }
  return "";
}

std::vector<std::string> decisive_columns(const Results& results) {
  const std::vector<std::string> asked = VerdictSettings::from(results.resolved).columns;
  if (!asked.empty()) return asked;
  const std::vector<std::string>& decisive = VerdictSettings::standard_columns();
  std::vector<std::string> columns;
  for (const std::string& column : results.columns) {
    if (std::find(decisive.begin(), decisive.end(), column) != decisive.end()) {
      columns.push_back(column);
    }
  }
  return columns;
}

RowVerdict judge(const Results& results, const RowResult& row, bool privacy_only) {
  if (!row.failure_text().empty()) return {RowVerdict::Kind::kFailed, "failed", {}};
  const RowResult* floor = results.floor_of(row);
  const std::size_t oracles = floor == nullptr ? 0 : floor->models.size();
  if (oracles < 2) {
    return {RowVerdict::Kind::kUndecided, "undecided: needs two oracle seeds or more", {}};
  }
  std::vector<std::string> decisive = decisive_columns(results);
  std::erase_if(decisive, [&](const std::string& column) {
    return !is_decided_on(results, column, privacy_only);
  });
  return results.is_of_one_given_original() ? place_row(results, row, decisive)
                                            : judge_columns(results, row, decisive, oracles);
}

}  // namespace oubli
