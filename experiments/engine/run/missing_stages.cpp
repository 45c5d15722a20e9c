#include "experiments/engine/run/missing_stages.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "experiments/engine/run/input_contents.h"
#include "experiments/engine/run/interrupts.h"

namespace oubli {
namespace {

// Which entries were made from other content than there is now, themselves or what they were made
// from. A stage stands behind its inputs.
std::vector<bool> outdated_stages(const Plan& plan, const Store& store, InputContents& contents) {
  std::vector<bool> outdated(plan.stages.size(), false);
  std::map<const MemberGroup*, bool> groups;
  const auto is_outdated = [&](const MemberGroup& group) {
    const auto [found, is_new] = groups.emplace(&group, false);
    if (is_new) {
      for (const StageMember& member : group.members) {
        for (const std::size_t stage : member.stages()) found->second |= outdated[stage];
      }
    }
    return found->second;
  };
  for (std::size_t i = 0; i < plan.stages.size() && !is_interrupted(); ++i) {
    const Stage& stage = plan.stages[i];
    bool is_old = !store.is_made_from(stage.key, contents.of(stage));
    for (const std::size_t input : stage.inputs) is_old = is_old || outdated[input];
    for (const auto& [role, members] : stage.members) {
      is_old = is_old || is_outdated(*members.group);
    }
    outdated[i] = is_old;
  }
  return outdated;
}

}  // namespace

std::string damage_text(const Stage& stage, const std::string& problem) {
  return fmt::format("damaged in the store: {} ({}): {}; it is done again", stage.label,
                     stage.key.substr(0, 12), problem);
}

std::vector<std::size_t> missing_stages(const Plan& plan, const Store& store,
                                        std::vector<std::string>& damaged) {
  store.look_again();
  InputContents contents(plan, store);
  std::vector<bool> needed(plan.stages.size(), false);
  std::vector<bool> missing(plan.stages.size(), false);
  std::set<const MemberGroup*> looked_at;
  const auto need_members = [&](const Stage& stage, bool of_partial_groups) {
    for (const auto& [role, members] : stage.members) {
      if (of_partial_groups && !contents.is_partial(*members.group)) continue;
      if (!looked_at.insert(members.group.get()).second) continue;
      for (const StageMember& member : members.group->members) {
        for (const std::size_t input : member.stages()) needed[input] = true;
      }
    }
  };
  const std::vector<bool> outdated = outdated_stages(plan, store, contents);
  const auto need_rows = [&](const std::vector<PlannedRow>& rows) {
    for (const PlannedRow& row : rows) {
      for (const PlannedModel& model : row.models) needed[model.evaluate] = true;
      if (row.compare) needed[*row.compare] = true;
    }
  };
  need_rows(plan.rows);
  for (const std::vector<PlannedRow>& rows : plan.checkpoints) need_rows(rows);
  // Backwards: a stage's users stand after it, so whether it is needed is known when it is reached.
  for (std::size_t i = plan.stages.size(); i-- > 0;) {
    if (!needed[i] || is_interrupted()) continue;
    Store::Check check =
        store.check(plan.stages[i].key, /*thorough=*/true, contents.of(plan.stages[i]));
    if (check.state == Store::State::kSound && outdated[i]) {
      check = {Store::State::kDamaged, "it was made from what was made from another version"};
      store.discard(plan.stages[i].key);
    }
    if (check.state == Store::State::kSound) {
      // What was made from a group of which a member is gone cannot be compared with it: the member
      // is made again, and the group is compared in the next round.
      need_members(plan.stages[i], /*of_partial_groups=*/true);
      continue;
    }
    if (check.state == Store::State::kDamaged) {
      damaged.push_back(damage_text(plan.stages[i], check.problem));
    }
    missing[i] = true;
    for (const std::size_t input : plan.stages[i].inputs) needed[input] = true;
    need_members(plan.stages[i], /*of_partial_groups=*/false);
  }
  std::vector<std::size_t> stages;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (missing[i]) stages.push_back(i);
  }
  return stages;
}

}  // namespace oubli
