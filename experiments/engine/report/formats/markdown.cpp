#include <fmt/format.h>

#include <vector>

#include "experiments/engine/report/formats/formats.h"
#include "experiments/engine/report/formats/markup.h"

namespace oubli {

std::string markdown_table(const ReportModel& report) {
  const std::vector<std::size_t> columns = report.compared();
  const bool judges = !report.decided_by.empty();
  std::string text = fmt::format("# {}\n\n{}\n\n", markdown_text(report.title), report.sets);
  if (judges) text += report.power_check + "\n\n";
  text += "| |";
  for (const std::size_t column : columns) {
    text += fmt::format(" {} |", markdown_text(report.columns[column].heading));
  }
  text += judges ? " verdict |\n|---|" : "\n|---|";
  for (std::size_t i = 0; i < columns.size(); ++i) text += "---:|";
  text += judges ? "---|\n" : "\n";
  for (const ReportRow& row : report.rows) {
    text += fmt::format("| {} |", markdown_text(row.name));
    for (const std::size_t column : columns) text += fmt::format(" {} |", shown_cell(row, column));
    text += judges ? fmt::format(" {} |\n", markdown_text(row.verdict)) : "\n";
  }
  text += "\n";
  if (judges) text += report.decided_by + "\n";
  text += report.caption + "\n";
  for (const std::string& note : report.notes) text += fmt::format("\n- {}", markdown_text(note));
  return text + "\n";
}

}  // namespace oubli
