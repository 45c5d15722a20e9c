// The formats of a report: one file in this folder for each. What a run writes into its folder is
// listed in kReportFiles.
#pragma once

#include <cstddef>
#include <string>

#include "core/base/json.h"
#include "experiments/engine/report/report_model.h"

namespace oubli {

// For a terminal of any width. The power check first, then columns by group: privacy, utility,
// cost, verdict. Columns that do not fit into `width` go into further blocks, each with the rows'
// names.
std::string console_table(const ReportModel& report, std::size_t width);
std::string markdown_table(const ReportModel& report);
std::string latex_table(const ReportModel& report);
// One line for each row and column: row,column,mean,half_width_95,n,status.
std::string csv_table(const ReportModel& report);

// The whole of results.json: every value of every model, the power check, the verdicts.
Json json_report(const Results& results);
// Every row's verdict with the numbers that it rests on.
Json verdicts_json(const Results& results);

struct ReportFile {
  const char* name;
  std::string (*text)(const ReportModel& report);
};
inline constexpr ReportFile kReportFiles[] = {
    {"table.md", markdown_table}, {"table.csv", csv_table}, {"table.tex", latex_table}};

}  // namespace oubli
