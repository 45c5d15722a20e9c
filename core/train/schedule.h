// Learning-rate schedules: the factor on the learning rate at step t = 0 .. T - 1. Each is that of
// PyTorch's scheduler of the same name, stepped once an epoch (step, multi_step) or once a step
// (the others):
//
//   constant    1
//   step        StepLR: factor^floor(epoch / every)
//   multi_step  MultiStepLR: factor^(number of milestones <= epoch), epochs counted from 0
//   cosine      CosineAnnealingLR with T_max = T: (1 + cos(pi t / T)) / 2, Loshchilov and Hutter
//               2017 without restarts; behind a warm-up of w = floor(rise T) steps at (t + 1) / w
//               over the other T - w
//   one_cycle   OneCycleLR with total_steps = T, half a cosine up and half a cosine down, Smith and
//               Topin 2018: 1 / start_divisor at t = 0, 1 at t = warm_up T - 1 and
//               1 / (start_divisor end_divisor) at the last step, t = T - 1. `lr` is the peak
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/settings.h"

namespace oubli {

struct Schedule {
  std::string name = "constant";
  std::int64_t every = 30;    // step: epochs between drops
  double factor = 0.1;        // step, multi_step: what each drop multiplies by
  double warm_up = 0.3;       // one_cycle: share of the steps that rise
  double start_divisor = 25;  // one_cycle: the first rate is lr / start_divisor
  double end_divisor = 1e4;   // one_cycle: the last rate is lr / (start_divisor end_divisor)
  double rise = 0;            // cosine: its warm_up, the share of the steps that rise on a line
  std::vector<std::int64_t> milestones = {};  // multi_step: epochs before which the rate drops

  double at(std::int64_t step, std::int64_t steps, std::int64_t epoch) const;

  // Reads `schedule: {name: ..., ...}` from its parent map.
  static Schedule read(const Settings& parent);
  static Schedule read(const Settings& parent, const Schedule& defaults);
};

}  // namespace oubli
