// What every draw of rows needs.
#pragma once

#include <cstdint>

#include "core/base/settings.h"
#include "core/base/tensor.h"

namespace oubli {

// The nearest whole number of `rows` rows.
std::int64_t share_of(double fraction, std::int64_t rows);

// Throws Error(kSettings) at `settings` where so many drawn numbers do not fit into memory.
void require_memory_for_drawn(const Settings& settings, double numbers);

// Sets of rows are kept in ascending order, whatever order they were drawn in.
Tensor sorted_rows(const Tensor& rows);

}  // namespace oubli
