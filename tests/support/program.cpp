#include "tests/support/program.h"

#include <sys/wait.h>

#include <cstdlib>

#include "tests/support/own_words.h"

namespace oubli::testing {

ProgramResult run_program(const std::vector<std::string>& arguments, const std::string& prefix) {
  const TemporaryFolder scratch;
  std::string command = prefix + " '" + OUBLI_PROGRAM + "'";
  for (const std::string& argument : arguments) command += " '" + argument + "'";
  command += " >'" + (scratch.path() / "out").string() + "' 2>'" +
             (scratch.path() / "err").string() + "' </dev/null";
  const int status = std::system(command.c_str());
  const ProgramResult result = {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                                read_text(scratch.path() / "out"),
                                read_text(scratch.path() / "err")};
  expect_own_words(result.out);
  expect_own_words(result.err);
  return result;
}

}  // namespace oubli::testing
