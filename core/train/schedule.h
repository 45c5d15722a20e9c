// Learning-rate schedules: the factor on the learning rate at step t of T.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/settings.h"

namespace oubli {

struct Schedule {
  std::string name = "constant";
  std::int64_t every = 30;    // step: epochs between drops
  double factor = 0.1;        // step: what each drop multiplies by
  double warm_up = 0.3;       // one_cycle: share of the steps that rise
  double start_divisor = 25;  // one_cycle: the first rate is lr / start_divisor
  double end_divisor = 1e4;   // one_cycle: the last rate is lr / (start_divisor end_divisor)

  // constant: 1. step: factor^(epoch / every). cosine: (1 + cos(pi t / T)) / 2, Loshchilov and
  // Hutter 2017 without restarts. one_cycle: cosine up to 1, then cosine down, Smith and Topin
  // 2018.
  double at(std::int64_t step, std::int64_t steps, std::int64_t epoch) const;

  // Reads `schedule: {name: ..., ...}` from its parent map.
  static Schedule read(const Settings& parent);
};

}  // namespace oubli
