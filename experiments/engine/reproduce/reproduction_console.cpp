#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/engine/report/cell_text.h"
#include "experiments/engine/report/layout.h"
#include "experiments/engine/reproduce/reproduction.h"

namespace oubli {
namespace {

using Line = std::vector<std::string>;

// Columns as wide as their widest text, the first to the left.
std::string aligned(const std::vector<Line>& lines) {
  std::vector<std::size_t> widths(lines.front().size(), 0);
  for (const Line& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], shown_width(line[i]));
    }
  }
  std::string text;
  for (const Line& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += (i == 0 ? "" : "  ") + padded(line[i], widths[i], i == 0);
    }
    text += "\n";
  }
  return text;
}

std::string table_text(const Reproduction& made, std::size_t t, std::size_t width) {
  const PublishedTable& table = made.paper.tables[t];
  const bool is_recalled = table.confidence == Confidence::kRecalled;
  std::vector<Line> lines = {{"", is_recalled ? "recalled" : "published", "here", "gap", "met"}};
  std::vector<std::string> problems;
  for (const ReproducedCell& cell : made.tables[t]) {
    if (!cell.ours.value) {
      problems.push_back(fmt::format("{}: {}", cell.cell->label, cell.ours.problem));
    }
    lines.push_back({cell.cell->label, fmt::format("{:g}", cell.cell->published),
                     cell.ours.value ? cell_text(*cell.ours.value) : "-", cell.gap_text(),
                     made.is_met(t, cell) ? "yes" : "no"});
  }
  std::string text = wrapped(
      fmt::format("{} ({}: {})", table.title, to_string(table.confidence), table.source), width);
  text += aligned(lines);
  for (const std::string& problem : problems) text += wrapped(problem, width);
  return text + "\n";
}

}  // namespace

std::string reproduction_console(const Reproduction& made, std::size_t width) {
  std::string text = wrapped(made.paper.title + (made.paper.title.ends_with('?') ? " " : ". ") +
                                 made.paper.citation,
                             width) +
                     "\n";
  for (std::size_t t = 0; t < made.tables.size(); ++t) text += table_text(made, t, width);
  if (!made.tables.empty()) {
    text += wrapped(kGapMeaning, width) + "\n";
  }
  for (const JudgedClaim& claim : made.claims) {
    const std::string here = claim.ours.value ? cell_text(*claim.ours.value) : "no value";
    text += hanging(
        padded(to_string(claim.outcome), 11, true), 11,
        fmt::format("{}{}: {}, expected {} ({})", claim.claim->text,
                    claim.claim->must ? " [must]" : "", here, claim.expected(), claim.decided_by()),
        width);
  }
  return text;
}

}  // namespace oubli
