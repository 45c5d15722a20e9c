// Programs that some tests need and not every machine has.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace oubli::testing {

inline bool has_program(const std::string& name) {
  return std::system(("command -v " + name + " >/dev/null 2>&1").c_str()) == 0;
}

// Whether a test that needs `what` is to be left out. Where OUBLI_REQUIRE_BROWSER is set, as in CI,
// that is a failure.
inline bool is_missing(bool is_there, const char* what) {
  if (is_there) return false;
  EXPECT_EQ(std::getenv("OUBLI_REQUIRE_BROWSER"), nullptr) << what << " is required here";
  return true;
}

}  // namespace oubli::testing
