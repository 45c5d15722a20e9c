// Other programs, run to their end.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace oubli {

struct ProgramEnd {
  bool is_there = true;  // false: no program of that name is found
  int status = 0;        // exit status; 128 and more: ended by a signal
  std::string errors;    // what it wrote to its standard error
};

// `command`: the program's name or path, and its arguments; no shell reads them. Reads `input` as
// its standard input and writes its standard output to `output`. Throws Error(kStore) where a file
// or process cannot be made.
ProgramEnd run_program(const std::vector<std::string>& command, const std::filesystem::path& input,
                       const std::filesystem::path& output);

}  // namespace oubli
