// What a sweep tries: every combination of values, random draws from lists and ranges, or a list.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/settings.h"

namespace oubli {

// What one trial sets: settings, each with its value.
using TrialSettings = std::vector<std::pair<std::string, SettingsNode>>;

// Reads `over`, `search`, `trials`, `seed` and `list` of a sweep (sweep.h); 10,000 trials at most.
// Error(kSettings).
std::vector<TrialSettings> read_search_space(const Settings& sweep);

}  // namespace oubli
