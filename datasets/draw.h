// What every draw of rows needs.
#pragma once

#include <cstdint>

#include "core/base/tensor.h"

namespace oubli {

// The nearest whole number of `rows` rows.
std::int64_t share_of(double fraction, std::int64_t rows);

// Sets of rows are kept in ascending order, whatever order they were drawn in.
Tensor sorted_rows(const Tensor& rows);

}  // namespace oubli
