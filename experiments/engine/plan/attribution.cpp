#include "experiments/engine/plan/attribution.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/unlearn/chosen_method.h"
#include "experiments/engine/plan/rows.h"
#include "experiments/engine/plan/search_space.h"
#include "experiments/engine/plan/trial_settings.h"

namespace oubli {
namespace {

AttributionTrial trial_of(const SettingsNode& node, const AttributorInfo& info, Json changed) {
  const Settings settings(node);
  AttributionTrial trial;
  trial.changed = std::move(changed);
  trial.attributor = info.make(settings);
  settings.finish();
  trial.settings = settings.resolved();
  // As they were read: 1 and 1.0 are one setting.
  for (auto& [key, value] : trial.changed.items()) value = trial.settings.value(key, value);
  return trial;
}

std::vector<AttributionTrial> read_trials(const SettingsNode& node, const AttributorInfo& info) {
  const SettingsNode base = without_entries(node, {"sweep", "as"});
  const SettingsNode* sweep = node.find("sweep");
  if (sweep == nullptr) return {trial_of(base, info, Json::object())};
  const Settings settings(*sweep);
  const std::vector<TrialSettings> all = read_search_space(settings);
  settings.finish();
  std::vector<AttributionTrial> trials;
  trials.reserve(all.size());
  for (const TrialSettings& entries : all) {
    trials.push_back(trial_of(with_trial(base, entries), info, changes_of(entries)));
  }
  leave_out_what_is_alike(trials);
  return trials;
}

AttributionRow read_row(const SettingsNode& item, const Registry<AttributorInfo>& attributors) {
  const MethodItem read = method_item(item);
  AttributionRow row;
  row.attributor = read.name;
  row.origin = read.origin;
  row.info = attributors.find(read.name, read.origin);
  row.name = read_row_name(Settings(only_entries(read.settings, {"as"})), row.attributor);
  row.trials = read_trials(read.settings, row.info);
  return row;
}

Json record_of_row(const AttributionRow& row) {
  Json settings = row.trials.front().settings;
  if (row.trials.size() > 1 || !row.trials.front().changed.empty()) {
    Json list = Json::array();
    for (const AttributionTrial& trial : row.trials) list.push_back(trial.settings);
    settings = {{"sweep", {{"list", std::move(list)}}}};
  }
  settings["as"] = row.name;
  return {{row.attributor, std::move(settings)}};
}

std::vector<AttributionRow> read_rows(const Settings& settings,
                                      const Registry<AttributorInfo>& attributors) {
  const std::vector<SettingsNode> items = settings.sequence("methods", "rows of the table");
  if (items.empty() && !settings.is_describing()) {
    settings.fail("methods", fmt::format("'methods' lists no attributor. Valid: {}.",
                                         fmt::join(attributors.names(), ", ")));
  }
  std::vector<AttributionRow> rows;
  Json record = Json::array();
  std::set<std::string> names = {kCeilingRow};
  for (const SettingsNode& item : items) {
    AttributionRow row = read_row(item, attributors);
    if (is_original_row(row.name) || is_noise_floor_row(row.name)) {
      fail_at(row.origin, fmt::format("a row cannot be named '{}', as rows of other experiments "
                                      "are: give it another name with `as: ...`.",
                                      row.name));
    }
    if (!names.insert(row.name).second) {
      fail_at(row.origin, fmt::format("there is a row '{}' already: give this one another name "
                                      "with `as: ...`.",
                                      row.name));
    }
    record.push_back(record_of_row(row));
    rows.push_back(std::move(row));
  }
  settings.record("methods", std::move(record));
  return rows;
}

SubsetTruth read_subsets(const Settings& settings) {
  SubsetTruth truth;
  truth.count = settings.integer("count", {.default_value = truth.count,
                                           .at_least = 3,
                                           .at_most = 10'000,
                                           .doc = "random subsets of the training set"});
  truth.fraction = settings.real("fraction", {.default_value = truth.fraction,
                                              .above = 0,
                                              .below = 1,
                                              .doc = "share of the training set in each"});
  truth.retrainings = settings.integer(
      "retrainings", {.default_value = truth.retrainings,
                      .at_least = 1,
                      .at_most = 1000,
                      .doc = "models trained on each subset; two or more give the ceiling"});
  return truth;
}

LeaveOneOutTruth read_left_out(const Settings& settings, const std::vector<AttributionRow>& rows) {
  LeaveOneOutTruth truth;
  truth.random = settings.integer(
      "random", {.default_value = 0, .at_least = 0, .doc = "examples drawn at random"});
  truth.largest = settings.integer(
      "largest",
      {.default_value = 0, .at_least = 0, .doc = "and those with the largest effects of `of`"});
  const std::string of = settings.text("of", {.default_value = "", .doc = "name of a row"});
  if (settings.is_describing()) return truth;
  if (truth.random + truth.largest < 3) {
    settings.fail("random", "leave_one_out needs three examples or more: `random: 50`.");
  }
  if (truth.largest == 0) return truth;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    names.push_back(rows[i].name);
    if (rows[i].name != of) continue;
    if (rows[i].is_swept()) {
      settings.fail("of",
                    fmt::format("'{}' has several settings: name a row without a sweep.", of));
    }
    truth.of = i;
  }
  if (!truth.of) settings.fail("of", unknown_name_message("row", of, names));
  return truth;
}

}  // namespace

AttributionSpec read_attribution(const Settings& root,
                                 const Registry<AttributorInfo>& attributors) {
  const Settings settings =
      root.child("attribution", "which training examples count, in the place of an edit");
  AttributionSpec spec;
  spec.origin = settings.origin();
  spec.rows = read_rows(settings, attributors);
  spec.tests = settings.integers(
      "tests", {{}}, {.at_least = 0, .doc = "positions in the test set, from 0; all by default"});
  spec.tests_origin = settings.origin("tests");
  const bool describes = settings.is_describing();
  if (describes || settings.has("subsets")) {
    spec.subsets = read_subsets(
        settings.child("subsets", "models trained on random subsets, for the metric lds"));
  }
  if (describes || settings.has("leave_one_out")) {
    spec.left_out = read_left_out(
        settings.child("leave_one_out",
                       "training again without one example, for the metric leave_one_out"),
        spec.rows);
  }
  if (spec.has_sweep() && !spec.subsets) {
    fail_at(settings.origin(), "a sweep chooses by lds/1: add `subsets: {count: 50}`.");
  }
  return spec;
}

}  // namespace oubli
