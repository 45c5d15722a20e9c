#include "experiments/engine/plan/sequence_plan.h"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace oubli {
namespace {

// Numbers of stages in the part, in the whole.
class Renumbering {
 public:
  explicit Renumbering(std::size_t stages) : numbers_(stages) {}

  std::size_t& of(std::size_t number) { return numbers_[number]; }

  StageMembers members(const StageMembers& part) {
    auto [found, is_new] = groups_.try_emplace(part.group.get());
    if (is_new) {
      MemberGroup group = *part.group;
      for (StageMember& member : group.members) {
        member.model = of(member.model);
        member.predictions = of(member.predictions);
        if (member.relearning) member.relearning = of(*member.relearning);
        if (member.rtt) member.rtt = of(*member.rtt);
      }
      found->second = std::make_shared<const MemberGroup>(std::move(group));
    }
    return {found->second, part.left_out};
  }

  PlannedRow row(PlannedRow row) {
    for (PlannedModel& model : row.models) {
      model.model = of(model.model);
      model.evaluate = of(model.evaluate);
    }
    if (row.compare) row.compare = of(*row.compare);
    return row;
  }

 private:
  std::vector<std::size_t> numbers_;
  std::map<const MemberGroup*, std::shared_ptr<const MemberGroup>> groups_;
};

}  // namespace

void require_plannable_sequence(const Experiment& experiment, const Registry<Metric>& metrics) {
  for (const std::string& name : experiment.spec.measure) {
    if (!metrics.find(name).needs.edited_shadows) continue;
    fail_at(experiment.spec.edits.origin,
            fmt::format("the metric {} has an attacker run the method on models of his own, which "
                        "he cannot for a sequence of requests: leave it out of 'measure'.",
                        name));
  }
  for (const MethodRow& row : experiment.spec.methods) {
    if (!row.sweep) continue;
    fail_at(row.origin, fmt::format("the settings of '{}' are to be chosen by trials, which are of "
                                    "one edit: choose them on one, and write them here.",
                                    row.name));
  }
}

void join_plan(Plan& whole, Plan part, std::size_t checkpoint) {
  Renumbering renumbered(part.stages.size());
  for (std::size_t i = 0; i < part.stages.size(); ++i) {
    Stage& stage = part.stages[i];
    const auto [found, is_new] = whole.numbers.emplace(stage.key, whole.stages.size());
    renumbered.of(i) = found->second;
    if (!is_new) continue;
    for (std::size_t& input : stage.inputs) input = renumbered.of(input);
    for (auto& [role, members] : stage.members) members = renumbered.members(members);
    stage.checkpoint = checkpoint;
    whole.stages.push_back(std::move(stage));
  }
  std::vector<PlannedRow> rows;
  rows.reserve(part.rows.size());
  for (PlannedRow& row : part.rows) rows.push_back(renumbered.row(std::move(row)));
  whole.rows = rows;
  whole.checkpoints.push_back(std::move(rows));
}

}  // namespace oubli
