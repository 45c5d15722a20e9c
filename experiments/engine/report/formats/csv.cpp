#include <fmt/format.h>

#include <optional>

#include "experiments/engine/report/formats/formats.h"
#include "experiments/engine/report/formats/markup.h"

namespace oubli {

std::string cells_csv(const ReportModel& report) {
  std::string text = "row,column,mean,half_width_95,n,status\n";
  for (const ReportRow& row : report.rows) {
    for (std::size_t column = 0; column < report.columns.size(); ++column) {
      const std::optional<Estimate>& cell = row.cells[column];
      if (!cell && row.failure.empty()) continue;
      text += fmt::format("{},{},", csv_text(row.name), csv_text(report.columns[column].name));
      text += cell ? fmt::format("{},{},{},{}\n", cell->mean,
                                 cell->half_width ? fmt::format("{}", *cell->half_width) : "",
                                 cell->n, cell->at_least ? "at_least" : "ok")
                   : fmt::format(",,,{}\n", row.failure);
    }
  }
  return text;
}

std::string models_csv(const Results& results, const ReportModel& report) {
  std::string text = "row,training_seed,unlearning_seed,status,verdict";
  for (const ReportColumn& column : report.columns)
    text += fmt::format(",{}", csv_text(column.name));
  text += "\n";
  for (std::size_t r = 0; r < results.rows.size(); ++r) {
    const RowResult& row = results.rows[r];
    const std::string& verdict = report.rows[r].verdict;
    for (const ModelResult& model : row.models) {
      text += fmt::format("{},{},{},{},{}", csv_text(row.name), model.training_seed,
                          model.unlearning_seed, csv_text(model.status),
                          verdict == "-" ? "" : csv_text(verdict));
      for (const ReportColumn& column : report.columns) {
        const auto found = model.values.find(column.name);
        text += found == model.values.end() ? std::string(",") : fmt::format(",{}", found->second);
      }
      text += "\n";
    }
  }
  return text;
}

}  // namespace oubli
