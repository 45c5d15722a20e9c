#include "tests/support/own_words.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace oubli::testing {

void expect_own_words(const std::string& text) {
  for (const char* foreign : {"terminate called",
                              "c10::",
                              "at::",
                              "std::",
                              "what():",
                              "Exception raised",
                              "enforce fail",
                              "alloc_cpu",
                              "DefaultCPUAllocator",
                              "SymInt",
                              "IntArrayRef",
                              "TORCH_CHECK",
                              "filesystem error",
                              "[json.exception",
                              "nlohmann",
                              "YAML::",
                              "yaml-cpp",
                              "basic_string",
                              "bad_alloc",
                              "vector::",
                              "map::at",
                              "stoll",
                              "stod",
                              "invalid_argument",
                              "length_error",
                              "out_of_range",
                              "without overflow",
                              "an error inside of oubli",
                              "runtime error:",
                              "AddressSanitizer"}) {
    EXPECT_EQ(text.find(foreign), std::string::npos) << "'" << foreign << "' in: " << text;
  }
  const auto steers = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f;
  };
  EXPECT_TRUE(std::none_of(text.begin(), text.end(), steers)) << "a control character in: " << text;
}

}  // namespace oubli::testing
