#include "experiments/engine/plan/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"

namespace oubli {
namespace {

// The stages that make the row's values.
std::vector<std::size_t> ends_of_row(const Plan& plan, const std::string& name) {
  std::vector<std::size_t> ends;
  const auto add_row = [&](const std::vector<PlannedRow>& rows) {
    for (const PlannedRow& row : rows) {
      if (row.name != name) continue;
      for (const PlannedModel& model : row.models) ends.push_back(model.evaluate);
      if (row.compare) ends.push_back(*row.compare);
    }
  };
  add_row(plan.rows);
  for (const std::vector<PlannedRow>& rows : plan.checkpoints) add_row(rows);
  return ends;
}

}  // namespace

std::vector<std::size_t> StageMember::stages() const {
  std::vector<std::size_t> all = {model, predictions};
  if (relearning) all.push_back(*relearning);
  if (rtt) all.push_back(*rtt);
  return all;
}

std::vector<StageMember> Stage::members_of(ModelRole role) const {
  const auto found = members.find(role);
  if (found == members.end()) return {};
  std::vector<StageMember> all = found->second.group->members;
  if (const auto out = found->second.left_out) {
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(*out));
  }
  return all;
}

std::vector<std::size_t> Stage::all_inputs() const {
  std::vector<std::size_t> all = inputs;
  for (const auto& [role, group] : members) {
    for (const StageMember& member : members_of(role)) {
      const std::vector<std::size_t> stages = member.stages();
      all.insert(all.end(), stages.begin(), stages.end());
    }
  }
  return all;
}

Json Stage::full_description() const {
  Json full = shared_description ? *shared_description : Json::object();
  full.update(description);
  return full;
}

const Stage& Plan::find(const std::string& key) const {
  if (const auto found = numbers.find(key); found != numbers.end()) return stages[found->second];
  const Stage* only = nullptr;
  std::size_t alike = 0;
  for (const Stage& stage : stages) {
    if (key.empty() || !stage.key.starts_with(key)) continue;
    only = &stage;
    ++alike;
  }
  if (alike == 1) return *only;
  throw Error(
      ErrorKind::kUsage,
      alike > 1 ? fmt::format("the keys of {} stages begin with '{}': give more of it", alike, key)
                : fmt::format("no stage of this experiment has the key '{}'; `oubli check FILE "
                              "--keys` lists them. Was the file changed?",
                              key));
}

std::vector<std::size_t> Plan::with_inputs(const std::vector<std::size_t>& ends) const {
  std::vector<bool> needed(stages.size());
  for (const std::size_t end : ends) needed[end] = true;
  for (std::size_t i = stages.size(); i-- > 0;) {
    if (!needed[i]) continue;
    for (const std::size_t input : stages[i].all_inputs()) needed[input] = true;
  }
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (needed[i]) found.push_back(i);
  }
  return found;
}

std::vector<std::size_t> Plan::stages_of_row(const Experiment& experiment,
                                             const std::string& row) const {
  std::vector<std::string> names;
  for (const MethodRow& method : experiment.spec.methods) names.push_back(method.name);
  if (experiment.spec.attribution) {
    for (const AttributionRow& each : experiment.spec.attribution->rows) names.push_back(each.name);
  }
  if (std::find(names.begin(), names.end(), row) == names.end()) {
    throw Error(ErrorKind::kSettings, unknown_name_message("row", row, names));
  }
  // Rows of equal settings share their stages, so that a stage's own method does not say whose it
  // is.
  std::vector<bool> marked(stages.size());
  for (const std::size_t i : with_inputs(ends_of_row(*this, row))) {
    marked[i] = stages[i].kind == StageKind::kSweep || stages[i].kind == StageKind::kUnlearn ||
                stages[i].kind == StageKind::kAttribute;
  }
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    for (const std::size_t input : stages[i].all_inputs()) marked[i] = marked[i] || marked[input];
    if (marked[i]) found.push_back(i);
  }
  return found;
}

const Experiment& experiment_of(const Experiment& experiment, const Stage& stage) {
  return experiment.checkpoints.empty() ? experiment : *experiment.checkpoints.at(stage.checkpoint);
}

}  // namespace oubli
