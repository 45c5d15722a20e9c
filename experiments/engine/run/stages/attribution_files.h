// What the stages of an attribution hand one another.
#pragma once

#include <fmt/format.h>

#include <string>

#include "core/attribution/attributor.h"
#include "experiments/engine/run/stages/stage_type.h"

namespace oubli {

// The tensor [n, tests] of one of a row's settings; none where it was refused.
inline std::string effect_name(std::size_t trial) { return fmt::format("effect/{}", trial); }

// Effects of the first `trials` settings, float32; undefined where there are none.
Tensors stored_effects(const StageRun& run, std::size_t stage, std::size_t trials);

// What is asked of the original that the stage `original` trained.
AttributionTask attribution_task(const StageRun& run, std::size_t original);

}  // namespace oubli
