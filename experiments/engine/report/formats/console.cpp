#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "core/base/text.h"
#include "experiments/engine/report/formats/formats.h"
#include "experiments/engine/report/layout.h"

namespace oubli {
namespace {

// Names that are longer than half of a narrow terminal are cut off: numbers must find room.
std::string name_of(const ReportRow& row) {
  constexpr std::size_t kLongest = 40;
  const std::string name = printable(row.name);
  return shown_width(name) <= kLongest ? name : first_characters(name, kLongest - 2) + "..";
}

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
      text += padded(line == 0 ? group : name_of(rows[line - 1]), name_width, true);
      for (std::size_t c = 0; c < widths.size(); ++c) {
        text += fmt::format("  {}", padded(cells[first + c][line], widths[c], false));
      }
      text += "\n";
      if (line == 0) text += std::string(std::min(used, width), '-') + "\n";
    }
  }
  return text;
}

std::string group_text(const ReportModel& report, const std::string& heading,
                       const std::vector<std::size_t>& shown, std::size_t name_width,
                       std::size_t width) {
  std::vector<std::vector<std::string>> cells;
  for (const std::size_t column : shown) {
    cells.push_back({printable(report.columns[column].heading)});
    for (const ReportRow& row : report.rows)
      cells.back().push_back(printable(shown_cell(row, column)));
  }
  return folded(heading, report.rows, cells, name_width, width);
}

// ECMA-48's, of the colours that terminals give names.
enum class Colour { kRed = 31, kGreen = 32, kYellow = 33 };

std::string coloured(const std::string& text, Colour colour, bool has_colours) {
  return has_colours ? fmt::format("\x1b[{}m{}\x1b[0m", static_cast<int>(colour), text) : text;
}

Colour colour_of(RowVerdict::Kind kind) {
  switch (kind) {
    case RowVerdict::Kind::kIndistinguishable:
    case RowVerdict::Kind::kAmong:
      return Colour::kGreen;
    case RowVerdict::Kind::kUndecided:
      return Colour::kYellow;
    case RowVerdict::Kind::kDistinguishable:
    case RowVerdict::Kind::kApart:
    case RowVerdict::Kind::kFailed:
      return Colour::kRed;
  }
  return Colour::kRed;
}

std::string verdicts_text(const ReportModel& report, std::size_t name_width,
                          const ConsoleStyle& style) {
  std::string text = "\nverdict\n";
  text += fmt::format("{:-<{}}\n", "", std::min<std::size_t>(style.width, 79));
  for (const ReportRow& row : report.rows) {
    if (row.is_noise_floor) continue;
    const std::string verdict = printable(row.verdict);
    std::string lines = hanging(name_of(row), name_width + 2, verdict, style.width);
    // The first word alone: what follows may go on in other lines.
    const std::string word = verdict.substr(0, verdict.find_first_of(" :;"));
    const std::size_t place = lines.find(word, name_width + 2);
    if (style.has_colours && place != std::string::npos)
      lines.replace(place, word.size(), coloured(word, colour_of(row.kind), true));
    text += lines;
  }
  return text;
}

std::string power_text(const ReportModel& report, const ConsoleStyle& style) {
  const std::string lines = wrapped(printable(report.power_check), style.width);
  const std::size_t end = lines.find('.');
  if (end == std::string::npos) return lines;
  const Colour colour = report.has_power ? Colour::kGreen : Colour::kRed;
  return fmt::format("{}{}", coloured(lines.substr(0, end + 1), colour, style.has_colours),
                     lines.substr(end + 1));
}

}  // namespace

std::string console_table(const ReportModel& report, const ConsoleStyle& style) {
  std::string text = fmt::format("{}{}", wrapped(printable(report.title), style.width),
                                 wrapped(printable(report.sets), style.width));
  if (!report.power_check.empty()) text += power_text(report, style);
  std::size_t name_width = 0;
  for (const ReportRow& row : report.rows) {
    name_width = std::max(name_width, shown_width(name_of(row)));
  }
  if (!report.decided_by.empty()) text += verdicts_text(report, name_width, style);
  std::vector<std::size_t> first;
  for (const ReportGroup group : kReportGroups) {
    const std::vector<std::size_t> shown = report.compared(group);
    for (const std::size_t column : shown) {
      if (report.columns[column].is_first) first.push_back(column);
    }
    if (style.shows_all && !shown.empty())
      text += group_text(report, to_string(group), shown, name_width, style.width);
  }
  const std::size_t left_out = style.shows_all ? 0 : report.compared().size() - first.size();
  if (!style.shows_all && !first.empty())
    text += group_text(report, "", first, name_width, style.width);
  text += "\n";
  if (!report.decided_by.empty()) text += wrapped(printable(report.decided_by), style.width);
  std::istringstream caption(report.caption);
  for (std::string line; std::getline(caption, line);)
    text += wrapped(printable(line), style.width);
  if (left_out > 0) {
    text += wrapped(fmt::format("{} more column{}: `oubli show RESULTS --all`, or report.html.",
                                left_out, left_out == 1 ? "" : "s"),
                    style.width);
  }
  for (const std::string& note : report.notes) text += wrapped(printable(note), style.width);
  return text;
}

}  // namespace oubli
