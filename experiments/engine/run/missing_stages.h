// What a plan needs that the store does not have.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "experiments/engine/plan/plan.h"
#include "experiments/engine/run/store.h"

namespace oubli {

// Stages that must run so that every evaluation is in the store: absent or damaged ones, those that
// were made from another version of an input, and what they need. `damaged` receives a line for
// each entry that is there and no good.
std::vector<std::size_t> missing_stages(const Plan& plan, const Store& store,
                                        std::vector<std::string>& damaged);

// Such a line.
std::string damage_text(const Stage& stage, const std::string& problem);

}  // namespace oubli
