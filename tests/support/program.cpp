#include "tests/support/program.h"

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace oubli::testing {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

ProgramResult run_program(const std::vector<std::string>& arguments, const std::string& prefix) {
  const ScratchFolder scratch;
  std::string command = prefix + " '" + OUBLI_PROGRAM + "'";
  for (const std::string& argument : arguments) command += " '" + argument + "'";
  command += " >'" + (scratch.path() / "out").string() + "' 2>'" +
             (scratch.path() / "err").string() + "' </dev/null";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          contents(scratch.path() / "out"), contents(scratch.path() / "err")};
}

ScratchFolder::ScratchFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "oubli-test-XXXXXX").string();
  path_ = ::mkdtemp(pattern.data());
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ScratchFolder::file(const std::string& name, const std::string& text) const {
  std::ofstream(path_ / name) << text;
  return (path_ / name).string();
}

}  // namespace oubli::testing
