// Which stages of a plan wait for which.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "experiments/engine/plan/plan.h"

namespace oubli {

enum class StageState { kWaiting, kReady, kRunning, kDone, kFailed };

// A group of members is waited for as a whole, so that this is as large as the plan and not as its
// square.
class Dependencies {
 public:
  // `states`: of every stage, when work begins.
  Dependencies(const Plan& plan, const std::vector<StageState>& states);

  bool is_ready(std::size_t stage) const { return waits_[stage] == 0; }
  // Stages that become ready once this one is done.
  std::vector<std::size_t> finish(std::size_t stage);
  // Stages that wait for this one, themselves or through a group.
  std::vector<std::size_t> users(std::size_t stage) const;

 private:
  struct Group {
    std::size_t waits = 0;
    std::vector<std::size_t> users;
  };
  std::size_t group_of(const std::shared_ptr<const MemberGroup>& members,
                       const std::vector<StageState>& states);

  std::vector<std::size_t> waits_;
  std::vector<std::vector<std::size_t>> users_, groups_of_;
  std::vector<Group> groups_;
  std::map<const MemberGroup*, std::size_t> numbers_;
};

}  // namespace oubli
