// The stages of a plan while it is made: gives each its key, and knows two that ask for the same
// thing for one. Time and memory are linear in the number of stages.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "experiments/engine/plan/plan.h"

namespace oubli {

class StageList {
 public:
  // The number of the stage, or of the one before it with the same key. `members` and `inputs` must
  // be in the list.
  std::size_t add(Stage stage);

  const Stage& operator[](std::size_t number) const { return stages_[number]; }
  Plan take() { return {std::move(stages_), {}, {}, std::move(numbers_)}; }

  std::shared_ptr<const MemberGroup> group(std::vector<StageMember> members) const;

 private:
  std::vector<Stage> stages_;
  std::unordered_map<std::string, std::size_t> numbers_;  // by key
};

}  // namespace oubli
