// Reads tests/golden/statistics.json, which tests/golden/make_statistics.py writes.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace oubli {

inline nlohmann::json golden_statistics(const std::string& part) {
  std::ifstream file(std::filesystem::path(OUBLI_SOURCE_DIR) / "tests/golden/statistics.json");
  return nlohmann::json::parse(file).at(part);
}

// Equal to within 1e-9 of the expected value, and exactly where that is 0.
inline void expect_close(double actual, double expected) {
  EXPECT_NEAR(actual, expected, 1e-9 * std::abs(expected));
}

}  // namespace oubli
