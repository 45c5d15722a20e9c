// Rows by what the data's id column calls them, and the CSV files that such ids come in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "datasets/selectors/selector.h"
#include "datasets/table/csv_reader.h"

namespace oubli {

// Reads `unknown_ids`: whether ids that no training row has are left out, or an error.
bool read_ignores_unknown_ids(const Settings& settings);

// Reads `delimiter` of a file of ids: '\0' where the file's first line is to tell it.
char read_ids_delimiter(const Settings& settings);

// Which request removed the rows of an id, by the id.
using RemovedIds = std::unordered_map<std::string, std::int64_t>;

// The rows of every id. Throws Error(kTask), located at `origin`, where the data has no ids.
class RowsOfIds {
 public:
  RowsOfIds(const Dataset& dataset, const Origin& origin);

  struct Found {
    Tensor rows;                   // of the training split, sorted
    std::vector<std::string> ids;  // that have these
    std::string answered;          // ids that are in `removed`, and by which request; "" for none
    std::string unknown;           // other ids without any, and where they are; "" for none
    std::string advice;            // what to do about these
  };
  Found find(const std::vector<std::string>& ids, const Splits& splits,
             const RemovedIds& removed = {}) const;

 private:
  std::unordered_map<std::string, std::vector<std::int64_t>> rows_of_;
  std::int64_t size_;
};

// A CSV file of ids: '\0' as delimiter stands for the one that sets the first line's names apart.
struct IdFile {
  std::filesystem::path path;
  char delimiter = '\0';
  Origin origin;
  // Behind the message of a file that lacks a column.
  std::string advice =
      "`column` says which of them holds the ids, `delimiter` what stands between them.";
};

// Calls `read` with the fields of the named columns, in that order, row after row. Throws
// Error(kTask), located at the origin, for a file without such a column, and Error(kData) with all
// rows that have no such field.
void read_named_columns(const IdFile& file, const std::vector<std::string>& names,
                        const std::function<void(const std::vector<CsvField>&)>& read);

}  // namespace oubli
