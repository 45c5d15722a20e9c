// What the report of an experiment says, apart from how it looks: rows, columns in groups, and the
// cells where they meet. Made once from results; each format (formats/) writes it down.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/evaluate/statistics/estimate.h"
#include "experiments/engine/report/results.h"
#include "experiments/engine/report/verdict.h"

namespace oubli {

// In the order of a report.
enum class ReportGroup { kPrivacy, kUtility, kAttribution, kCost };
inline constexpr ReportGroup kReportGroups[] = {ReportGroup::kPrivacy, ReportGroup::kUtility,
                                                ReportGroup::kAttribution, ReportGroup::kCost};
std::string to_string(ReportGroup group);

struct ReportColumn {
  std::string name;     // accuracy/forget
  std::string heading;  // "forget acc."
  ReportGroup group = ReportGroup::kUtility;
  // Whether methods are compared by it; what is not, stands in results.json and the CSV files.
  bool is_compared = true;
  // Whether it is among the few that are shown first: verdicts rest on it, or it is the cost.
  bool is_first = false;
};

struct ReportRow {
  std::string name;
  bool is_noise_floor = false;
  std::string failure;  // "diverged 1/2": what stands in place of its numbers
  std::vector<std::optional<Estimate>> cells;  // one for each column
  std::string verdict;                         // "-" for a noise floor; of an attribution ""
  RowVerdict::Kind kind = RowVerdict::Kind::kUndecided;  // of the verdict, where there is one
};

struct ReportModel {
  std::string title;
  std::string sets;         // how many examples each set has, a sentence
  std::string power_check;  // a paragraph; of an attribution ""
  bool has_power = false;   // whether that was passed
  std::vector<ReportColumn> columns;
  std::vector<ReportRow> rows;
  std::string decided_by;  // what verdicts rest on, a sentence; of an attribution ""
  std::string caption;     // how to read the table, in lines
  std::vector<std::string> notes;

  // Numbers of the columns that methods are compared by; of one group, or of all.
  std::vector<std::size_t> compared(std::optional<ReportGroup> group = std::nullopt) const;
};

ReportModel report_model(const Results& results);

// With these columns alone, all of them compared, in this order. Error(kUsage) for one that is not
// there, with the nearest name.
ReportModel with_columns(ReportModel model, const std::vector<std::string>& names);

// What a table for reading shows in a cell: the number, why there is none in all of the row, or
// "-".
std::string shown_cell(const ReportRow& row, std::size_t column);

// Column heading, such as "forget acc." for accuracy/forget, whose metric has the heading "acc.";
// the metric's name where `heading` is empty.
std::string column_title(const std::string& column, const std::string& heading);

}  // namespace oubli
