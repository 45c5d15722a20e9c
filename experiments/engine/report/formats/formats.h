// The formats of a report: one file in this folder for each. What a run writes into its folder is
// listed in kReportFiles.
#pragma once

#include <cstddef>
#include <string>

#include "core/base/json.h"
#include "experiments/engine/report/report_model.h"

namespace oubli {

struct ConsoleStyle {
  std::size_t width = 80;
  bool shows_all = false;    // every column that methods are compared by, not the first ones alone
  bool has_colours = false;  // escape sequences for them
};

// For a terminal. The power check first, then verdicts, then columns by group: privacy, utility,
// cost. Columns that do not fit into the width go into further blocks, each with the rows' names.
std::string console_table(const ReportModel& report, const ConsoleStyle& style);
std::string markdown_table(const ReportModel& report);
std::string latex_table(const ReportModel& report);
// One line for each row and column: row,column,mean,half_width_95,n,status.
std::string cells_csv(const ReportModel& report);
// One line for each model: row,training_seed,unlearning_seed,status,verdict, and a value for each
// column of the report. Of the noise floor the models are oracles; its verdict is empty.
std::string models_csv(const Results& results, const ReportModel& report);

// The whole of results.json: every value of every model, the power check, the verdicts.
Json json_report(const Results& results);
// Every row's verdict with the numbers that it rests on.
Json verdicts_json(const Results& results);

inline constexpr const char* kModelsFile = "table.csv";  // models_csv

struct ReportFile {
  const char* name;
  std::string (*text)(const ReportModel& report);
};
inline constexpr ReportFile kReportFiles[] = {
    {"table.md", markdown_table}, {"cells.csv", cells_csv}, {"table.tex", latex_table}};

}  // namespace oubli
