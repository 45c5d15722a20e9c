#include "experiments/engine/plan/stage_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/hash.h"

namespace oubli {
namespace {

// Raised whenever stored results of an older program must not be taken for this one's.
constexpr int kFormatVersion = 6;
// What `check` plans in five seconds and 500 MB.
constexpr std::size_t kMostStages = 100'000;

}  // namespace

std::size_t StageList::add(Stage stage) {
  stage.description["kind"] = to_string(stage.kind);
  stage.description["format"] = kFormatVersion;
  for (const std::size_t input : stage.inputs) {
    stage.description["inputs"].push_back(stages_[input].key);
  }
  for (const auto& [role, members] : stage.members) {
    Json group = {{"role", static_cast<int>(role)}, {"group", members.group->digest}};
    if (members.left_out) group["without"] = *members.left_out;
    stage.description["members"].push_back(std::move(group));
  }
  stage.key = sha256_hex(stage.full_description().dump());
  const auto [known, is_new] = numbers_.emplace(stage.key, stages_.size());
  if (!is_new) return known->second;  // two rows that ask for the same thing
  if (stages_.size() >= kMostStages) {
    throw Error(
        ErrorKind::kSettings,
        fmt::format("the plan has more than {} stages: lower seeds.training, seeds.oracle or "
                    "seeds.unlearning, or list fewer methods.",
                    kMostStages));
  }
  stage.cost = std::max(1.0, stage.cost);
  stages_.push_back(std::move(stage));
  return known->second;
}

std::shared_ptr<const MemberGroup> StageList::group(std::vector<StageMember> members) const {
  std::string keys;
  for (const StageMember& member : members) {
    keys += fmt::format("{} {} {} {}\n", member.seed, stages_[member.model].key,
                        stages_[member.predictions].key,
                        member.relearning ? stages_[*member.relearning].key : "");
    if (member.rtt) keys += fmt::format("rtt {}\n", stages_[*member.rtt].key);
  }
  return std::make_shared<const MemberGroup>(MemberGroup{std::move(members), sha256_hex(keys)});
}

}  // namespace oubli
