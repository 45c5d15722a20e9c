// How many examples are drawn: {fraction: 0.1} or {count: 50}.
#pragma once

#include <optional>

#include "datasets/selectors/selector.h"

namespace oubli {

// A share of what there is, or a number of examples.
struct Amount {
  std::optional<double> fraction;
  std::int64_t count = 0;
  Origin origin;

  // Error(kTask) where there are not so many; `what` they are.
  std::int64_t of(std::int64_t available, const char* what = "examples") const;
};

// Exactly one of both must be given; `what` is counted.
Amount read_amount(const Settings& settings, const char* what = "examples");

// So many of the candidates, sorted, from the stream "forget".
Tensor drawn(const Tensor& candidates, const Amount& amount, const Generator& generator);

}  // namespace oubli
