// Rows by what the data's id column calls them, and the CSV files that such ids come in.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "datasets/selectors/selector.h"
#include "datasets/table/csv_reader.h"

namespace oubli {

// Reads `unknown_ids`: whether ids that no training row has are left out, or an error.
bool read_ignores_unknown_ids(const Settings& settings);

// Every training row of these ids. Notes, or throws Error(kTask) for, those that no training row
// has, with where they are instead; throws it too where the data has no ids.
Selection select_ids(const std::vector<std::string>& ids, bool ignore_unknown,
                     const Dataset& dataset, const Splits& splits, const Origin& origin);

// Calls `read` with the fields of the named columns, in that order, row after row. Throws
// Error(kTask), located at `origin`, for a file without such a column, and Error(kData) for a row
// without such a field.
void read_named_columns(const std::filesystem::path& file, const std::vector<std::string>& names,
                        const Origin& origin,
                        const std::function<void(const std::vector<CsvField>&)>& read);

}  // namespace oubli
