#include "experiments/engine/run/input_contents.h"

#include "core/base/hash.h"

namespace oubli {

Store::Contents InputContents::of(const Stage& stage) {
  Store::Contents contents;
  for (const std::size_t input : stage.inputs) {
    contents[plan_.stages[input].key] = store_.content(plan_.stages[input].key);
  }
  for (const auto& [role, members] : stage.members) {
    contents[members.group->digest] = of_group(*members.group).hash;
  }
  return contents;
}

const InputContents::GroupContent& InputContents::of_group(const MemberGroup& group) {
  const auto [found, is_new] = groups_.emplace(&group, GroupContent());
  if (!is_new) return found->second;
  Hasher all;
  std::size_t there = 0, absent = 0;
  for (const StageMember& member : group.members) {
    for (const std::size_t stage : member.stages()) {
      const std::string content = store_.content(plan_.stages[stage].key);
      (content.empty() ? absent : there) += 1;
      all.add(content + "\n");
    }
  }
  if (absent == 0) found->second.hash = all.hex();
  found->second.is_partial = there > 0 && absent > 0;
  return found->second;
}

}  // namespace oubli
