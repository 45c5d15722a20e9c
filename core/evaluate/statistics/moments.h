// Mean and spread of a list of numbers: what every test in this folder starts from.
//   mean = sum x / n,   variance = sum (x - mean)^2 / (n - 1)   (two passes; 0 where n = 1)
// Equal values have exactly their own mean and a variance of exactly 0, so that "all seeds agree"
// is not lost to rounding.
//
// Errors: kUsage where the list is empty or holds a value that is not finite. Cost: O(n).
#pragma once

#include <cstddef>
#include <vector>

namespace oubli {

struct Moments {
  double mean = 0;
  double variance = 0;
  std::size_t n = 0;

  double sd() const;
};

// `what` names the list in an error's message, as in "the oracle values".
Moments moments(const std::vector<double>& values, const char* what = "the values");

}  // namespace oubli
