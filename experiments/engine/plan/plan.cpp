#include "experiments/engine/plan/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"

namespace oubli {

std::vector<std::size_t> StageMember::stages() const {
  std::vector<std::size_t> all = {model, predictions};
  if (relearning) all.push_back(*relearning);
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

namespace {

// Whatever stands behind the row's values. Rows of equal settings share their stages, so that a
// stage's own method does not say whose it is.
std::vector<bool> needed_by_row(const Plan& plan, const std::string& name) {
  std::vector<bool> needed(plan.stages.size());
  const auto add_row = [&](const std::vector<PlannedRow>& rows) {
    for (const PlannedRow& row : rows) {
      if (row.name != name) continue;
      for (const PlannedModel& model : row.models) needed[model.evaluate] = true;
      if (row.compare) needed[*row.compare] = true;
    }
  };
  add_row(plan.rows);
  for (const std::vector<PlannedRow>& rows : plan.checkpoints) add_row(rows);
  for (std::size_t i = plan.stages.size(); i-- > 0;) {
    if (!needed[i]) continue;
    for (const std::size_t input : plan.stages[i].all_inputs()) needed[input] = true;
  }
  return needed;
}

}  // namespace

std::vector<std::size_t> Plan::stages_of_row(const Experiment& experiment,
                                             const std::string& row) const {
  std::vector<std::string> names;
  for (const MethodRow& method : experiment.spec.methods) names.push_back(method.name);
  if (std::find(names.begin(), names.end(), row) == names.end()) {
    throw Error(ErrorKind::kSettings, unknown_name_message("row", row, names));
  }
  const std::vector<bool> needed = needed_by_row(*this, row);
  std::vector<bool> marked(stages.size());
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const Stage& stage = stages[i];
    const bool is_own = stage.kind == StageKind::kSweep || stage.kind == StageKind::kUnlearn;
    marked[i] = is_own && needed[i];
    for (const std::size_t input : stage.all_inputs()) marked[i] = marked[i] || marked[input];
    if (marked[i]) found.push_back(i);
  }
  return found;
}

const Experiment& experiment_of(const Experiment& experiment, const Stage& stage) {
  return experiment.checkpoints.empty() ? experiment : *experiment.checkpoints.at(stage.checkpoint);
}

}  // namespace oubli
