// Where a data set comes from: one entry of the table of data sources.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/base/registry.h"
#include "core/data/dataset.h"

namespace oubli {

struct LoadedData {
  Dataset dataset;
  Splits splits;
  // int64, sorted: rows like the training rows that no original is trained on; may be undefined.
  Tensor held_out = {};
};

// Folders that are searched for a data set's files, in order: `--data`, OUBLI_DATA, the user's
// cache. A data set `mnist` is looked for in FOLDER/mnist and in FOLDER itself.
using DataFolders = std::vector<std::filesystem::path>;
DataFolders default_data_folders(const std::string& from_command_line);

// Reads the settings of a data source and returns a loader. Reading settings touches no data, so
// that `oubli check` and `oubli describe` are instant and need no files.
struct DataSource {
  std::string name;
  std::string summary;
  std::function<std::function<LoadedData(const DataFolders&)>(const Settings&)> configure;
  std::string file_hash = {};  // as a method's (core/unlearn/unlearner.h); data is keyed by content
};

Registry<DataSource> builtin_datasets();

}  // namespace oubli
