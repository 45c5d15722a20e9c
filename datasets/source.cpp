#include "datasets/source.h"

#include <algorithm>
#include <cstdlib>

namespace oubli {

DataFolders default_data_folders(const std::string& from_command_line) {
  DataFolders folders;
  const auto add = [&](const std::filesystem::path& folder) {
    if (std::find(folders.begin(), folders.end(), folder) == folders.end()) {
      folders.push_back(folder);
    }
  };
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::filesystem::path(value == nullptr ? "" : value);
  };
  if (!from_command_line.empty()) add(from_command_line);
  if (!variable("OUBLI_DATA").empty()) add(variable("OUBLI_DATA"));
  if (!variable("XDG_CACHE_HOME").empty()) {
    add(variable("XDG_CACHE_HOME") / "oubli" / "data");
  } else if (!variable("HOME").empty()) {
    add(variable("HOME") / ".cache" / "oubli" / "data");
  }
  return folders;
}

}  // namespace oubli
