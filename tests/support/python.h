// Python with the packages that a test needs, where there is one: $OUBLI_PYTHON, or python3.
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <string>

namespace oubli::testing {

inline std::string python() {
  const char* chosen = std::getenv("OUBLI_PYTHON");
  return chosen != nullptr ? chosen : "python3";
}

inline bool python_has(const std::string& modules) {
  const std::string probe = fmt::format("'{}' -c 'import {}' 2>/dev/null", python(), modules);
  return std::system(probe.c_str()) == 0;
}

// Runs a script in the folder that it lies in; its exit status.
inline int run_python(const std::string& folder, const std::string& script) {
  const std::string command = fmt::format("cd '{}' && '{}' '{}'", folder, python(), script);
  return WEXITSTATUS(std::system(command.c_str()));
}

}  // namespace oubli::testing
