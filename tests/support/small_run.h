// A finished run of a small experiment, made once for all tests that look at results: two methods
// on a mislabelled part of the digits, with an attacker's models and relearning; the influences on
// one test and a spectrum lie beside it.
#pragma once

#include <filesystem>

namespace oubli::testing {

struct SmallRun {
  std::filesystem::path folder;  // of its results, named "results"
  std::filesystem::path store;
};

const SmallRun& small_run();

}  // namespace oubli::testing
