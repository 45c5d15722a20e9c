// Runs the real program, as a user does.
#pragma once

#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace oubli::testing {

struct ProgramResult {
  int status = 0;  // exit status, or 128 + signal
  std::string out;
  std::string err;
};

// What it prints is held to be its own words (own_words.h). Arguments are quoted for the shell.
// `prefix` stands before the program, for `ulimit` and the like.
ProgramResult run_program(const std::vector<std::string>& arguments,
                          const std::string& prefix = "");

}  // namespace oubli::testing
