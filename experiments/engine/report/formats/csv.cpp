#include <fmt/format.h>

#include <optional>

#include "experiments/engine/report/formats/formats.h"
#include "experiments/engine/report/formats/markup.h"

namespace oubli {

std::string csv_table(const ReportModel& report) {
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

}  // namespace oubli
