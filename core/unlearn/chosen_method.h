// Methods inside a method's settings: for those that are made of others.
//
//   methods:
//     - masked: {method: {gradient_ascent: {steps: 20}}, share: 0.5}
//     - then: [gradient_ascent, {finetune: {epochs: 2}}]
//
// An item is written as it is in the list of an experiment's methods: a name, or one
// `name: {settings}`; so it goes into the record, with all settings.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/unlearn/unlearner.h"

namespace oubli {

// What an item says: the name, where it stands, and the settings; a list in their place is the
// setting `methods`.
struct MethodItem {
  std::string name;
  Origin origin;
  SettingsNode settings;
};
MethodItem method_item(const SettingsNode& item);  // Error(kSettings) for what is no method

struct ChosenMethod {
  MethodInfo info;
  std::shared_ptr<const Unlearner> unlearner;

  // Runs it as the engine does, hiding what it says it does not need; it draws from the stream
  // `stream` of the context's generator, or as the whole method would where that is empty, and its
  // cost counts there.
  UnlearnReport run(Model& model, const Task& task, Context& context,
                    const std::string& stream = "") const;
};

// `key: method` and `key: [method, ...]`, with names of built-in ones as defaults. Error(kSettings)
// for an empty list and what is no method.
ChosenMethod read_method(const Settings& settings, const std::string& key, const Methods& methods,
                         const std::string& default_name, const std::string& doc);
std::vector<ChosenMethod> read_methods(const Settings& settings, const std::string& key,
                                       const Methods& methods,
                                       const std::vector<std::string>& default_names,
                                       const std::string& doc);

// Throws as the first does that cannot do the task.
void require_all(const std::vector<ChosenMethod>& methods, const Task& task);

// Of all of them, where all know theirs.
std::optional<double> estimate_costs(const std::vector<ChosenMethod>& methods, const Task& task);

// Their names, versions and the files that they come from, for Unlearner::parts.
Json parts_of(const std::vector<ChosenMethod>& methods);

// What all of them ask for, one after the other.
TrainingPlan training_plan_of(const std::vector<ChosenMethod>& methods, TrainingPlan standard);

// Adds what one of several steps reported to the report of the whole: its own report to the list
// `details.methods`, and its message, and its status where it is worse. Returns whether another
// step makes sense.
bool note_method(const ChosenMethod& method, const UnlearnReport& own, UnlearnReport& whole);

}  // namespace oubli
