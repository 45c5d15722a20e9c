#include "datasets/table/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <set>
#include <unordered_map>
#include <utility>

#include "core/base/error.h"
#include "core/base/number_text.h"
#include "core/base/text.h"
#include "datasets/faults.h"
#include "datasets/table/column_problems.h"
#include "datasets/table/csv_reader.h"

namespace oubli {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

std::string lower_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// What tables write where nothing is known.
bool is_missing(const CsvField& field) {
  if (field.text.empty()) return true;
  if (field.is_quoted || field.text.size() > 4) return false;
  const std::string lower = lower_case(field.text);
  return lower == "nan" || lower == "na" || lower == "n/a" || lower == "null" || lower == "?";
}

// A finite number; not a number for anything else.
double number_of(std::string text, char decimal) {
  if (decimal != '.') {
    if (text.find('.') != std::string::npos) return kMissing;
    std::replace(text.begin(), text.end(), decimal, '.');
  }
  const double value = number_in<double>(text).value_or(kMissing);
  return std::isfinite(value) ? value : kMissing;
}

// Reads the fields of one column, one after another.
class ColumnReader {
 public:
  ColumnReader(std::size_t index, std::string name, const TableSettings& settings)
      : index_(index),
        decimal_(settings.decimal),
        rule_(settings.rule_of(name)),
        is_class_label_(settings.classification && name == settings.label) {
    column_.role = settings.role_of(name);
    column_.values.is_date = column_.role == ColumnRole::kDate;
    column_.name = std::move(name);
  }

  void read(const CsvField& field, ColumnProblems& problems) {
    if (is_text()) {
      read_text(field, problems);
    } else {
      read_number(field, problems);
    }
  }

  TableColumn take() { return std::move(column_); }

 private:
  bool is_text() const {
    return is_class_label_ || column_.role == ColumnRole::kCategory ||
           column_.role == ColumnRole::kId || column_.role == ColumnRole::kSplit ||
           column_.role == ColumnRole::kIgnored;
  }

  void note_missing(const CsvField& field, ColumnProblems& problems) const {
    if (column_.role == ColumnRole::kIgnored) return;
    // What a row is called, belongs to or is to be taught is not made up.
    const bool may_be_filled = column_.role != ColumnRole::kId &&
                               column_.role != ColumnRole::kLabel &&
                               column_.role != ColumnRole::kSplit;
    const bool is_known = rule_ == MissingRule::kDrop
                              ? column_.role != ColumnRole::kId
                              : may_be_filled && rule_ != MissingRule::kError;
    if (!is_known) problems.missing(index_, field);
  }

  void read_text(const CsvField& field, ColumnProblems& problems) {
    if (is_missing(field)) {
      note_missing(field, problems);
      column_.values.level_of.push_back(-1);
      return;
    }
    const auto next = static_cast<std::int32_t>(column_.values.levels.size());
    const auto [level, is_new] = level_of_.emplace(field.text, next);
    if (is_new) column_.values.levels.push_back(field.text);
    column_.values.level_of.push_back(level->second);
  }

  void read_number(const CsvField& field, ColumnProblems& problems) {
    if (is_missing(field)) {
      note_missing(field, problems);
      column_.values.numbers.push_back(kMissing);
      return;
    }
    double value = kMissing;
    if (column_.role == ColumnRole::kDate) {
      value = days_of(field.text);
    } else {
      value = number_of(field.text, decimal_);
      const double word = std::isnan(value) ? boolean_of(field.text) : kMissing;
      (std::isnan(word) ? has_number_ : has_word_) |= !std::isnan(value) || !std::isnan(word);
      if (has_number_ && has_word_) problems.mixed(index_, field);
      if (!std::isnan(word)) value = word;
    }
    if (std::isnan(value)) problems.not_readable(index_, field);
    column_.values.numbers.push_back(value);
  }

  std::size_t index_;
  char decimal_;
  MissingRule rule_;
  bool is_class_label_;
  bool has_number_ = false, has_word_ = false;
  std::unordered_map<std::string, std::int32_t> level_of_;
  TableColumn column_;
};

// A header that is one field may be one whose fields stand apart in another way.
void require_delimiter(const CsvReader& reader, const std::vector<CsvField>& row) {
  if (row.size() != 1 || row.front().is_quoted) return;
  const std::string& text = row.front().text;
  if (const std::size_t other = text.find_first_of(",;\t|"); other != std::string::npos) {
    const std::string found = text.substr(other, 1);
    fail_at_field(reader.where(), row.front(),
                  fmt::format("the columns are separated by {}: set `delimiter: {}`{}.",
                              quote(found), found == "\t" ? "tab" : "\"" + found + "\"",
                              found == ";" ? ", and `decimal: \",\"` where numbers have decimal "
                                             "commas"
                                           : ""));
  }
  if (text.find(' ') != std::string::npos) {
    fail_at_field(reader.where(), row.front(),
                  "the columns are separated by blanks: write commas between fields.");
  }
}

// All at once, each with the place in the settings that names it.
void require_named_columns(const std::string& where, const std::vector<std::string>& names,
                           const TableSettings& settings) {
  std::vector<std::string> unknown;
  for (const auto& [key, column] : settings.named_columns()) {
    if (std::find(names.begin(), names.end(), column) != names.end()) continue;
    const std::string nearest = nearest_name(column, names);
    const auto origin = settings.origins.find(key);
    unknown.push_back(fmt::format(
        "{}:1:1: unknown column {}{} '{}' names it{}.", where, quote(column),
        nearest.empty() ? "." : fmt::format("; did you mean '{}'?", nearest), key,
        origin == settings.origins.end() ? "" : fmt::format(" ({})", origin->second.text())));
  }
  if (unknown.empty()) return;
  throw Error(ErrorKind::kData,
              fmt::format("{}\nThe columns there are {}.", all_faults(unknown), listed(names)));
}

std::vector<std::string> read_header(CsvReader& reader, const TableSettings& settings) {
  std::vector<CsvField> row;
  if (!reader.next(row)) {
    throw Error(ErrorKind::kData, fmt::format("{}:1:1: the file is empty; a line that names the "
                                              "columns was expected.",
                                              reader.where()));
  }
  std::vector<std::string> names;
  std::set<std::string> seen;
  std::vector<std::string> faults;
  const auto note = [&](const CsvField& field, const std::string& message) {
    faults.push_back(
        fmt::format("{}:{}:{}: {}", reader.where(), field.line, field.column, message));
  };
  for (const CsvField& field : row) {
    if (field.text.empty()) {
      note(field, "a column has no name.");
    } else if (!seen.insert(field.text).second) {
      note(field, fmt::format("two columns {}.", quote(field.text)));
    }
    names.push_back(field.text);
  }
  if (!faults.empty()) throw Error(ErrorKind::kData, all_faults(faults));
  require_delimiter(reader, row);
  require_named_columns(reader.where(), names, settings);
  return names;
}

}  // namespace

double boolean_of(const std::string& text) {
  if (text.size() > 5) return kMissing;
  const std::string lower = lower_case(text);
  if (lower == "true" || lower == "yes") return 1;
  if (lower == "false" || lower == "no") return 0;
  return kMissing;
}

const TableColumn& Table::find(const std::string& name) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const TableColumn& column) { return column.name == name; });
  if (found == columns.end()) throw Error(ErrorKind::kUsage, "a table without column " + name);
  return *found;
}

Table read_table(std::string_view content, const std::string& where,
                 const TableSettings& settings) {
  CsvReader reader(content, where, settings.delimiter);
  const std::vector<std::string> names = read_header(reader, settings);
  std::vector<ColumnReader> readers;
  readers.reserve(names.size());
  for (const std::string& name : names) readers.emplace_back(readers.size(), name, settings);
  ColumnProblems problems;
  Table table;
  table.where = where;
  std::vector<CsvField> row;
  while (reader.next(row)) {
    table.lines.push_back(row.front().line);
    if (row.size() != names.size()) {
      problems.ragged(row);
      continue;
    }
    for (std::size_t i = 0; i < row.size(); ++i) readers[i].read(row[i], problems);
  }
  if (table.lines.empty()) {
    throw Error(ErrorKind::kData, fmt::format("{}:2:1: there is no row after the header.", where));
  }
  problems.throw_any(where, names, settings, table.rows());
  for (ColumnReader& each : readers) table.columns.push_back(each.take());
  return table;
}

void append_rows(Table& table, const Table& test) {
  for (TableColumn& column : table.columns) {
    const auto found =
        std::find_if(test.columns.begin(), test.columns.end(),
                     [&](const TableColumn& other) { return other.name == column.name; });
    if (found == test.columns.end()) {
      throw Error(ErrorKind::kData, fmt::format("{}:1: there is no column {}, which {} has.",
                                                test.where, quote(column.name), table.where));
    }
    RowColumn& values = column.values;
    values.numbers.insert(values.numbers.end(), found->values.numbers.begin(),
                          found->values.numbers.end());
    std::unordered_map<std::string, std::int32_t> level_of;
    for (const std::string& level : values.levels) {
      level_of.emplace(level, static_cast<std::int32_t>(level_of.size()));
    }
    for (const std::int32_t level : found->values.level_of) {
      if (level < 0) {
        values.level_of.push_back(-1);
        continue;
      }
      const std::string& text = found->values.levels[static_cast<std::size_t>(level)];
      const auto [same, is_new] =
          level_of.emplace(text, static_cast<std::int32_t>(values.levels.size()));
      if (is_new) values.levels.push_back(text);
      values.level_of.push_back(same->second);
    }
  }
  if (test.columns.size() != table.columns.size()) {
    throw Error(ErrorKind::kData,
                fmt::format("{}:1: {} columns, but {} has {}.", test.where, test.columns.size(),
                            table.where, table.columns.size()));
  }
  table.test_where = test.where;
  table.first_of_test = table.rows();
  table.lines.insert(table.lines.end(), test.lines.begin(), test.lines.end());
}

}  // namespace oubli
