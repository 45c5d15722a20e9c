// How finely numbers are resolved: the distance from 1 to the next larger number of a type, which
// is what rounding one result can change, relative to it.
#pragma once

#include <c10/core/ScalarType.h>

#include <limits>

namespace oubli {

constexpr double kDoubleEpsilon = std::numeric_limits<double>::epsilon();

// Of float32 models 1.2e-7, of float64 models 2.2e-16.
inline double epsilon_of(at::ScalarType dtype) {
  return dtype == at::kFloat ? static_cast<double>(std::numeric_limits<float>::epsilon())
                             : kDoubleEpsilon;
}

}  // namespace oubli
