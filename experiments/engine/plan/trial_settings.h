// The settings of one trial of a sweep: those of the method, with what the trial sets in them.
#pragma once

#include <set>
#include <string>

#include "core/base/json.h"
#include "experiments/engine/plan/search_space.h"

namespace oubli {

SettingsNode without_entries(SettingsNode map, const std::set<std::string>& keys);
SettingsNode with_trial(SettingsNode base, const TrialSettings& trial);
// What the trial sets, by name.
Json changes_of(const TrialSettings& trial);

}  // namespace oubli
