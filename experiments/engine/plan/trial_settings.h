// The settings of one trial of a sweep: those of the method, with what the trial sets in them.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "experiments/engine/plan/search_space.h"

namespace oubli {

SettingsNode without_entries(SettingsNode map, const std::set<std::string>& keys);
// A map, whatever it is taken from.
SettingsNode only_entries(SettingsNode map, const std::set<std::string>& keys);
SettingsNode with_trial(SettingsNode base, const TrialSettings& trial);
// What the trial sets, by name.
Json changes_of(const TrialSettings& trial);

// Of what trials set only what sets them apart: all of them set everything where a record of them
// is read again. A trial has `changed`, by name, and all of its `settings`.
template <typename Trial>
void leave_out_what_is_alike(std::vector<Trial>& trials) {
  const auto is_alike = [&](const std::string& key) {
    return std::all_of(trials.begin(), trials.end(), [&](const Trial& trial) {
      return trial.changed.contains(key) && trial.settings.contains(key) &&
             trial.settings.at(key) == trials.front().settings.value(key, Json());
    });
  };
  std::vector<std::string> alike;
  for (const auto& [key, value] : trials.front().changed.items()) {
    if (is_alike(key)) alike.push_back(key);
  }
  if (alike.size() == trials.front().changed.size() && trials.size() == 1) return;
  for (Trial& trial : trials) {
    for (const std::string& key : alike) trial.changed.erase(key);
  }
}

}  // namespace oubli
