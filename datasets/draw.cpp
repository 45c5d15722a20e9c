#include "datasets/draw.h"

#include <ATen/ATen.h>

#include <cmath>

namespace oubli {

std::int64_t share_of(double fraction, std::int64_t rows) {
  return std::llround(fraction * static_cast<double>(rows));
}

Tensor sorted_rows(const Tensor& rows) { return std::get<0>(rows.sort()); }

}  // namespace oubli
