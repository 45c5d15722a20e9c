#include "experiments/engine/run/dependencies.h"

namespace oubli {

Dependencies::Dependencies(const Plan& plan, const std::vector<StageState>& states)
    : waits_(plan.stages.size(), 0), users_(plan.stages.size()), groups_of_(plan.stages.size()) {
  for (std::size_t stage = 0; stage < plan.stages.size(); ++stage) {
    if (states[stage] == StageState::kDone) continue;
    for (const std::size_t input : plan.stages[stage].inputs) {
      if (states[input] == StageState::kDone) continue;
      users_[input].push_back(stage);
      ++waits_[stage];
    }
    for (const auto& [role, members] : plan.stages[stage].members) {
      const std::size_t number = group_of(members.group, states);
      if (groups_[number].waits == 0) continue;
      groups_[number].users.push_back(stage);
      ++waits_[stage];
    }
  }
}

std::vector<std::size_t> Dependencies::finish(std::size_t stage) {
  std::vector<std::size_t> ready;
  const auto release = [&](const std::vector<std::size_t>& users) {
    for (const std::size_t user : users) {
      if (--waits_[user] == 0) ready.push_back(user);
    }
  };
  release(users_[stage]);
  for (const std::size_t group : groups_of_[stage]) {
    if (--groups_[group].waits == 0) release(groups_[group].users);
  }
  return ready;
}

std::vector<std::size_t> Dependencies::users(std::size_t stage) const {
  std::vector<std::size_t> all = users_[stage];
  for (const std::size_t group : groups_of_[stage]) {
    all.insert(all.end(), groups_[group].users.begin(), groups_[group].users.end());
  }
  return all;
}

std::size_t Dependencies::group_of(const std::shared_ptr<const MemberGroup>& members,
                                   const std::vector<StageState>& states) {
  const auto [found, is_new] = numbers_.emplace(members.get(), groups_.size());
  if (!is_new) return found->second;
  Group group;
  for (const StageMember& member : members->members) {
    for (const std::size_t input : member.stages()) {
      if (states[input] == StageState::kDone) continue;
      groups_of_[input].push_back(found->second);
      ++group.waits;
    }
  }
  groups_.push_back(std::move(group));
  return found->second;
}

}  // namespace oubli
