// A table as columns: every field of a CSV file read as what the settings say its column is.
//
// The first line names the columns. Row r is the r-th row behind it, from 0, blank lines apart; a
// row's number is its identity, whatever is left out of training later. Numbers may be written
// true/false or yes/no, for 1 and 0, where a whole column is. Nothing written, or NA, N/A, NaN,
// NULL or ? without quotes, is a missing value.
//
// Errors: Error(kData) at "FILE:LINE:COLUMN" for a header that is no table's; one for all columns
// that settings name and the header does not; one for all rows and columns that cannot be read,
// each with its first place, how often, the first lines, and what to write instead.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/row_column.h"
#include "core/data/row_places.h"
#include "datasets/table/table_settings.h"

namespace oubli {

struct TableColumn {
  std::string name;
  ColumnRole role = ColumnRole::kNumber;
  RowColumn values = {};
};

struct Table {
  std::string where;  // the file
  std::vector<TableColumn> columns;
  std::vector<int> lines;       // of each row in its file
  std::string test_where = {};  // the file of the rows that were appended; "" for none
  std::int64_t first_of_test = 0;

  std::int64_t rows() const { return static_cast<std::int64_t>(lines.size()); }
  const TableColumn& find(const std::string& name) const;  // which must be there
  RowPlaces places() const { return {where, test_where, first_of_test, lines}; }
};

// `where` names the file in messages. Columns that are neither features nor named by the settings
// do not exist: what is not said to be something else is a number.
Table read_table(std::string_view content, const std::string& where, const TableSettings& settings);

// 1 of true and yes, 0 of false and no, in letters of any size; not a number for anything else.
double boolean_of(const std::string& text);

// The rows of `test` behind those of `table`: the same columns, in any order.
void append_rows(Table& table, const Table& test);

}  // namespace oubli
