#include "datasets/table/column_problems.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/data/row_column.h"
#include "datasets/faults.h"

namespace oubli {
namespace {

constexpr std::size_t kTextsKept = 1000;
constexpr std::size_t kFewLevels = 50;  // of what one would make features of

std::string rows_text(std::int64_t count) {
  return count == 1 ? "1 row" : fmt::format("{} rows", count);
}

// What a column of texts should be, by how many there are.
std::string advice_for_text(const std::string& name, const std::set<std::string>& texts,
                            std::int64_t rows) {
  const bool is_few = texts.size() <= kFewLevels && 2 * static_cast<std::int64_t>(texts.size()) <=
                                                        std::max<std::int64_t>(rows, 4);
  return is_few ? fmt::format(
                      "`categorical: [{0}]` makes a feature of each; `ignore: [{0}]` "
                      "leaves them out",
                      name)
                : fmt::format(
                      "`ignore: [{0}]` leaves the column out; `id: {0}` has it name the "
                      "rows; `categorical: [{0}]` makes a feature of each text",
                      name);
}

}  // namespace

void ColumnProblems::not_readable(std::size_t column, const CsvField& field) {
  add(Kind::kNotReadable, column, field);
}
void ColumnProblems::missing(std::size_t column, const CsvField& field) {
  add(Kind::kMissing, column, field);
}
void ColumnProblems::mixed(std::size_t column, const CsvField& field) {
  add(Kind::kMixed, column, field);
}

void ColumnProblems::ragged(const std::vector<CsvField>& row) {
  if (ragged_.count == 0) ragged_fields_ = row.size();
  count_in(ragged_, row.back());
}

void ColumnProblems::count_in(Problem& problem, const CsvField& field) {
  if (problem.count++ == 0) problem.first = field;
  if (problem.lines.size() < kMostFaults) problem.lines.push_back(field.line);
}

void ColumnProblems::add(Kind kind, std::size_t column, const CsvField& field) {
  Problem& problem = problems_[{column, kind}];
  count_in(problem, field);
  if (problem.texts.size() < kTextsKept) problem.texts.insert(clipped(field.text));
  problem.all_dates = problem.all_dates && !std::isnan(days_of(field.text));
}

std::string ColumnProblems::text_of_missing(std::size_t column, const Problem& problem,
                                            const std::string& name, ColumnRole role) const {
  const std::string quoted = quote(name);
  if (role == ColumnRole::kId) {
    return fmt::format("{} of column {} name nobody: every row needs an id.",
                       rows_text(problem.count), quoted);
  }
  const std::string rows =
      problem.count == 1 ? "this row has" : fmt::format("{} rows have", problem.count);
  if (role == ColumnRole::kLabel || role == ColumnRole::kSplit) {
    const std::string is_name =
        role == ColumnRole::kLabel && !problem.first.text.empty()
            ? fmt::format("; if {} names a class, put it in quotes", quote(problem.first.text))
            : "";
    return fmt::format("{} no value in column {}: `missing: {{{}: drop}}` leaves them out{}.", rows,
                       quoted, name, is_name);
  }
  const auto texts = problems_.find({column, Kind::kNotReadable});
  const bool is_category =
      role == ColumnRole::kCategory || (texts != problems_.end() && !texts->second.all_dates);
  return fmt::format(
      "{} no value in column {}: `missing: {{{}: {}}}` fills them in, drop leaves "
      "them out.",
      rows, quoted, name, is_category ? "most_frequent" : "mean");
}

std::string ColumnProblems::text_of(std::size_t column_number, Kind kind, const Problem& problem,
                                    const std::string& name, const TableSettings& settings,
                                    std::int64_t rows) const {
  const std::string column = quote(name);
  const ColumnRole role = settings.role_of(name);
  if (kind == Kind::kMissing) return text_of_missing(column_number, problem, name, role);
  if (kind == Kind::kMixed) {
    return fmt::format(
        "{} of column {} hold {}, and others a number: write one or the other, or "
        "`categorical: [{}]`.",
        rows_text(problem.count), column, quote(problem.first.text), name);
  }
  const std::string found = fmt::format("found {} in column {}", quote(problem.first.text), column);
  const std::string extent =
      problem.count == 1
          ? ""
          : fmt::format(" ({} such rows, {}{} different texts)", problem.count,
                        problem.texts.size() == kTextsKept ? "over " : "", problem.texts.size());
  if (role == ColumnRole::kDate) {
    return fmt::format("{}{}, expected a date such as 2026-11-28 or 2026-11-28 17:05.", found,
                       extent);
  }
  if (role == ColumnRole::kLabel) {
    return fmt::format(
        "{}{}, expected a finite number. Labels that are texts are classes: `task: "
        "classification`.",
        found, extent);
  }
  if (problem.all_dates) {
    return fmt::format("{}{}, expected a finite number: `dates: [{}]` reads dates.", found, extent,
                       name);
  }
  return fmt::format("{}{}, expected a finite number: {}.", found, extent,
                     advice_for_text(name, problem.texts, rows));
}

std::string ColumnProblems::text_of_ragged(std::size_t columns) const {
  return fmt::format("this row ends after {} fields, but the header names {} columns.",
                     ragged_fields_, columns);
}

void ColumnProblems::throw_any(const std::string& where, const std::vector<std::string>& names,
                               const TableSettings& settings, std::int64_t rows) const {
  std::vector<std::string> lines;
  const auto tell = [&](const Problem& problem, const std::string& text) {
    lines.push_back(
        fmt::format("{}:{}:{}: {}", where, problem.first.line, problem.first.column, text));
    if (problem.count > 1) {
      lines.back() += fmt::format(" In {}.", lines_text(problem.lines, problem.count));
    }
  };
  if (ragged_.count > 0) tell(ragged_, text_of_ragged(names.size()));
  for (const auto& [place, problem] : problems_) {
    const auto& [column, kind] = place;
    tell(problem, text_of(column, kind, problem, names[column], settings, rows));
  }
  if (lines.empty()) return;
  throw Error(ErrorKind::kData, fmt::format("{}", fmt::join(lines, "\n")));
}

}  // namespace oubli
