#include "datasets/draw.h"

#include <ATen/ATen.h>

#include <cmath>

#include "core/base/machine_limits.h"

namespace oubli {

std::int64_t share_of(double fraction, std::int64_t rows) {
  return std::llround(fraction * static_cast<double>(rows));
}

Tensor sorted_rows(const Tensor& rows) { return std::get<0>(rows.sort()); }

void require_memory_for_drawn(const Settings& settings, double numbers) {
  if (settings.is_describing()) return;
  constexpr double kBytes = 24;  // drawn, summed and kept
  const std::string shortage = memory_shortage(kBytes * numbers, "this data set");
  if (!shortage.empty()) {
    fail_at(settings.origin(), shortage + " Lower examples, test_examples, features or outputs.");
  }
}

}  // namespace oubli
