// Runs the real program, as a user does.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace oubli::testing {

struct ProgramResult {
  int status = 0;  // exit status, or 128 + signal
  std::string out;
  std::string err;
};

// Arguments are quoted for the shell. `prefix` stands before the program, for `ulimit` and the
// like.
ProgramResult run_program(const std::vector<std::string>& arguments,
                          const std::string& prefix = "");

// A new empty folder, removed at the end of the scope.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  // Writes a file and returns its path.
  std::string file(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

}  // namespace oubli::testing
