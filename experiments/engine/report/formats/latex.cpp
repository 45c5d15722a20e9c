#include <fmt/format.h>

#include <vector>

#include "experiments/engine/report/formats/formats.h"
#include "experiments/engine/report/formats/markup.h"

namespace oubli {
namespace {

std::string with_latex_sign(std::string text) {
  const std::size_t sign = text.find("±");
  if (sign != std::string::npos) text.replace(sign, std::string("±").size(), "\\pm");
  const bool at_least = text.starts_with(">=");
  if (at_least) text.replace(0, 2, "\\ge");
  return sign != std::string::npos || at_least ? fmt::format("${}$", text) : text;
}

}  // namespace

std::string latex_table(const ReportModel& report) {
  const std::vector<std::size_t> columns = report.compared();
  std::string text =
      fmt::format("% needs the package booktabs\n\\begin{{tabular}}{{l{}}}\n\\toprule\n",
                  std::string(columns.size(), 'r'));
  for (const std::size_t column : columns) {
    text += fmt::format(" & {}", latex_text(report.columns[column].heading));
  }
  text += " \\\\\n\\midrule\n";
  for (const ReportRow& row : report.rows) {
    text +=
        "{}" + latex_text(row.name);  // a name in brackets would be an argument of the line break
    for (const std::size_t column : columns) {
      text += fmt::format(" & {}", with_latex_sign(shown_cell(row, column)));
    }
    text += " \\\\\n";
  }
  return text + "\\bottomrule\n\\end{tabular}\n";
}

}  // namespace oubli
