// A folder of results that changes as a whole: what is new is written into another folder beside
// it, which then takes its place. A process killed at any moment leaves the old results or the new
// ones, never a mixture.
//
//   PARENT/NAME                  the results
//   PARENT/.NAME.lock            who writes them, while somebody does
//   PARENT/.NAME.RANDOM.new      what is being written; removed by the next who takes the lock
//
// Errors: Error(kUsage) for a place that cannot be replaced as a whole, FileError else.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace oubli {

class ResultFolder {
 public:
  // Looks at the place before any work is done. Refused are: what is no folder; the present folder
  // and those that hold it or the store; a mount point; a folder with other files and no results of
  // oubli, which somebody may have meant for something else; and a place that cannot be written to.
  explicit ResultFolder(std::filesystem::path path, const std::filesystem::path& store = {});

  // As it was given.
  const std::filesystem::path& path() const { return path_; }

  // Has `write` fill the new folder. What lies in the old one is kept but for what `is_replaced`
  // says of its name. One process at a time; others wait.
  void replace(const std::function<bool(const std::string& name)>& is_replaced,
               const std::function<void(const std::filesystem::path& folder)>& write) const;

 private:
  void sweep() const;
  std::filesystem::path beside(const std::string& ending) const;

  std::filesystem::path path_;
  std::filesystem::path place_;  // absolute, without links
};

}  // namespace oubli
