#include "tests/support/program.h"

#include <sys/wait.h>

#include <cstdlib>

namespace oubli::testing {

ProgramResult run_program(const std::vector<std::string>& arguments, const std::string& prefix) {
  const TemporaryFolder scratch;
  std::string command = prefix + " '" + OUBLI_PROGRAM + "'";
  for (const std::string& argument : arguments) command += " '" + argument + "'";
  command += " >'" + (scratch.path() / "out").string() + "' 2>'" +
             (scratch.path() / "err").string() + "' </dev/null";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          read_text(scratch.path() / "out"), read_text(scratch.path() / "err")};
}

}  // namespace oubli::testing
