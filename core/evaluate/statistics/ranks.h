// Ranks of a list of numbers, the smallest having rank 1 and equal values sharing the mean of the
// ranks that they take up together (midranks).
//
// Errors: kUsage on a value that is not finite. Cost: O(n log n).
#pragma once

#include <vector>

namespace oubli {

struct Ranks {
  std::vector<double> ranks;  // in the order of the values
  double tie_term = 0;        // sum of t^3 - t over groups of t equal values; 0 without ties
};

Ranks midranks(const std::vector<double>& values);

}  // namespace oubli
