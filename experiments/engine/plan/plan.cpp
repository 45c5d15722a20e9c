#include "experiments/engine/plan/plan.h"

#include <fmt/format.h>

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
  throw Error(ErrorKind::kUsage,
              fmt::format("no stage of this experiment has the key '{}'; `oubli check FILE --keys` "
                          "lists them. Was the file changed?",
                          key));
}

}  // namespace oubli
