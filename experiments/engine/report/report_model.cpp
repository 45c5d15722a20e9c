#include "experiments/engine/report/report_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "core/evaluate/metric.h"
#include "experiments/engine/report/cell_text.h"
#include "experiments/engine/report/notes.h"
#include "experiments/engine/report/power_check.h"
#include "experiments/engine/report/verdict.h"

namespace oubli {
namespace {

std::string sets_line(const Results& results) {
  std::vector<std::string> parts;
  for (const auto& [name, size] : results.sets.items()) {
    parts.push_back(fmt::format("{} {}", name, size.get<std::int64_t>()));
  }
  return fmt::format("Examples: {}.", fmt::join(parts, ", "));
}

ReportGroup group_of(const std::string& column, const ColumnInfo* info) {
  switch (info != nullptr ? info->group : ColumnGroup::kBySet) {
    case ColumnGroup::kCost:
      return ReportGroup::kCost;
    case ColumnGroup::kPrivacy:
      return ReportGroup::kPrivacy;
    case ColumnGroup::kUtility:
      return ReportGroup::kUtility;
    case ColumnGroup::kAttribution:
      return ReportGroup::kAttribution;
    case ColumnGroup::kBySet:
      break;
  }
  return is_about_edited_set(column) ? ReportGroup::kPrivacy : ReportGroup::kUtility;
}

// The validation set is there to choose settings on: its values are left out where methods are
// compared; so are the details of a metric.
ReportColumn report_column(const std::string& column, const ColumnInfo* info) {
  const std::string set = set_of(column);
  const bool aside = set == "validation" || set == "held_out" || (info != nullptr && info->detail);
  return {column, column_title(column, info != nullptr ? info->heading : ""),
          group_of(column, info), !aside};
}

ReportRow report_row(const Results& results, const RowResult& row) {
  ReportRow reported;
  reported.name = row.name;
  reported.is_noise_floor = row.is_noise_floor();
  reported.failure = row.failure_text();
  for (const std::string& column : results.columns) reported.cells.push_back(row.cell(column));
  if (results.is_attribution()) return reported;
  reported.verdict = "-";
  if (row.is_noise_floor()) return reported;
  const RowVerdict verdict = judge(results, row);
  reported.verdict = verdict.text;
  reported.kind = verdict.kind;
  return reported;
}

std::string decided_by(const Results& results) {
  const std::vector<std::string> columns = decisive_columns(results);
  return columns.empty() ? "No column that is measured decides."
                         : fmt::format("Verdicts rest on {}.", fmt::join(columns, ", "));
}

}  // namespace

std::string to_string(ReportGroup group) {
  switch (group) {
    case ReportGroup::kPrivacy:
      return "privacy";
    case ReportGroup::kUtility:
      return "utility";
    case ReportGroup::kAttribution:
      return "attribution";
    case ReportGroup::kCost:
      return "cost";
  }
  return "";
}

std::vector<std::size_t> ReportModel::compared(std::optional<ReportGroup> group) const {
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].is_compared && (!group || columns[i].group == *group)) numbers.push_back(i);
  }
  return numbers;
}

ReportModel report_model(const Results& results) {
  ReportModel model;
  model.title = results.title;
  model.sets = sets_line(results);
  if (!results.is_attribution()) {
    const PowerCheck power = check_power(results);
    model.power_check = power.text;
    model.has_power = power.passed;
  }
  const std::vector<std::string> decisive =
      results.is_attribution() ? std::vector<std::string>() : decisive_columns(results);
  for (const std::string& column : results.columns) {
    model.columns.push_back(report_column(column, results.info(column)));
    model.columns.back().is_first =
        results.is_attribution() || column == "cost_ratio" ||
        std::find(decisive.begin(), decisive.end(), column) != decisive.end();
  }
  for (const RowResult& row : results.rows) model.rows.push_back(report_row(results, row));
  model.notes = notes_of(results);
  if (results.is_attribution()) {
    model.caption =
        "95 % intervals over originals, tests and the subsets or the examples that were left out,\n"
        "of which each counts where there are two or more; cost over originals alone.\n"
        "What a column means: `oubli explain lds`, `oubli explain leave_one_out`.";
    return model;
  }
  model.decided_by = decided_by(results);
  model.caption = fmt::format(
      "Mean and 95 % t-interval over {}.\n"
      "The noise floor is over oracles, each against the others.\n"
      "What a verdict means: `oubli explain verdict`.",
      results.is_of_one_given_original() ? "the runs on the given original" : "training seeds");
  return model;
}

ReportModel with_columns(ReportModel model, const std::vector<std::string>& names) {
  std::vector<std::size_t> places;
  std::vector<std::string> known;
  for (const ReportColumn& column : model.columns) known.push_back(column.name);
  for (const std::string& name : names) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end())
      throw Error(ErrorKind::kUsage, unknown_name_message("column", name, known));
    places.push_back(static_cast<std::size_t>(found - known.begin()));
  }
  const auto select = [&](const auto& from) {
    std::remove_cvref_t<decltype(from)> kept;
    for (const std::size_t place : places) kept.push_back(from[place]);
    return kept;
  };
  model.columns = select(model.columns);
  for (ReportColumn& column : model.columns) column.is_compared = column.is_first = true;
  for (ReportRow& row : model.rows) row.cells = select(row.cells);
  return model;
}

std::string shown_cell(const ReportRow& row, std::size_t column) {
  if (!row.failure.empty()) return row.failure;
  const std::optional<Estimate>& cell = row.cells[column];
  return cell ? cell_text(*cell) : "-";
}

std::string column_title(const std::string& column, const std::string& heading) {
  const std::string metric = heading.empty() ? metric_of(column) : heading;
  std::string set = set_of(column);
  if (set == "forget_true") set = "forget (true)";
  if (set == "unknown_true") set = "unknown (true)";
  const bool is_number =
      std::all_of(set.begin(), set.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (is_number && !set.empty()) return fmt::format("{} ({})", metric, set);  // of retrainings
  return set.empty() ? metric : fmt::format("{} {}", set, metric);
}

}  // namespace oubli
