#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/base/text.h"
#include "experiments/engine/report/formats/formats.h"
#include "experiments/engine/report/layout.h"

namespace oubli {
namespace {

// One group of columns; those that do not fit into the width go into further blocks. `cells`: by
// column, the heading first.
std::string folded(const std::string& group, const std::vector<ReportRow>& rows,
                   const std::vector<std::vector<std::string>>& cells, std::size_t name_width,
                   std::size_t width) {
  std::string text;
  name_width = std::max(name_width, group.size());
  std::size_t next = 0;
  while (next < cells.size()) {
    const std::size_t first = next;
    std::vector<std::size_t> widths;
    std::size_t used = name_width;
    for (; next < cells.size(); ++next) {
      std::size_t column_width = 0;
      for (const std::string& cell : cells[next]) {
        column_width = std::max(column_width, shown_width(cell));
      }
      if (next > first && used + 2 + column_width > width) break;
      used += 2 + column_width;
      widths.push_back(column_width);
    }
    text += "\n";
    for (std::size_t line = 0; line <= rows.size(); ++line) {
      text += padded(line == 0 ? group : printable(rows[line - 1].name), name_width, true);
      for (std::size_t c = 0; c < widths.size(); ++c) {
        text += fmt::format("  {}", padded(cells[first + c][line], widths[c], false));
      }
      text += "\n";
      if (line == 0) text += std::string(std::min(used, width), '-') + "\n";
    }
  }
  return text;
}

std::string group_text(const ReportModel& report, ReportGroup group, std::size_t name_width,
                       std::size_t width) {
  std::vector<std::vector<std::string>> cells;
  for (const std::size_t column : report.compared(group)) {
    cells.push_back({report.columns[column].heading});
    for (const ReportRow& row : report.rows) cells.back().push_back(shown_cell(row, column));
  }
  return folded(to_string(group), report.rows, cells, name_width, width);
}

std::string verdicts_text(const ReportModel& report, std::size_t name_width, std::size_t width) {
  std::string text = "\nverdict\n";
  text += std::string(std::min<std::size_t>(width, 79), '-') + "\n";
  for (const ReportRow& row : report.rows) {
    if (row.is_noise_floor) continue;
    text += hanging(printable(row.name), name_width + 2, row.verdict, width);
  }
  return text;
}

}  // namespace

std::string console_table(const ReportModel& report, std::size_t width) {
  std::string text = printable(report.title) + "\n" + report.sets + "\n";
  if (!report.power_check.empty()) text += wrapped(report.power_check, width);
  std::size_t name_width = 0;
  for (const ReportRow& row : report.rows) {
    name_width = std::max(name_width, shown_width(printable(row.name)));
  }
  for (const ReportGroup group : kReportGroups) {
    if (report.compared(group).empty()) continue;
    text += group_text(report, group, name_width, width);
  }
  if (!report.decided_by.empty()) text += verdicts_text(report, name_width, width);
  text += "\n";
  if (!report.decided_by.empty()) text += wrapped(report.decided_by, width);
  text += fmt::format("{}\n", report.caption);
  for (const std::string& note : report.notes) text += wrapped(note, width);
  return printable(text, /*lines=*/true);
}

}  // namespace oubli
