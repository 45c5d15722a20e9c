// What is wrong with the columns of a table, gathered over the whole file: one message that says it
// all, with what to write instead.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "datasets/table/csv_reader.h"
#include "datasets/table/table_settings.h"

namespace oubli {

class ColumnProblems {
 public:
  // Fields of a column that is meant to hold numbers or dates.
  void not_readable(std::size_t column, const CsvField& field);
  void missing(std::size_t column, const CsvField& field);
  void mixed(std::size_t column, const CsvField& field);
  // A row with more or fewer fields than the header names columns.
  void ragged(const std::vector<CsvField>& row);

  // Throws Error(kData) where there is any; `rows` is how many rows were read.
  void throw_any(const std::string& where, const std::vector<std::string>& names,
                 const TableSettings& settings, std::int64_t rows) const;

 private:
  enum class Kind { kNotReadable, kMissing, kMixed };
  struct Problem {
    CsvField first;
    std::int64_t count = 0;
    std::vector<int> lines;       // the first of them
    std::set<std::string> texts;  // some of them
    bool all_dates = true;
  };
  static void count_in(Problem& problem, const CsvField& field);
  void add(Kind kind, std::size_t column, const CsvField& field);
  std::string text_of_missing(std::size_t column, const Problem& problem, const std::string& name,
                              ColumnRole role) const;
  std::string text_of(std::size_t column, Kind kind, const Problem& problem,
                      const std::string& name, const TableSettings& settings,
                      std::int64_t rows) const;

  std::string text_of_ragged(std::size_t columns) const;

  std::map<std::pair<std::size_t, Kind>, Problem> problems_;
  Problem ragged_;
  std::size_t ragged_fields_ = 0;  // of the first of them
};

}  // namespace oubli
