// Plan: the graph of stages that an experiment needs.
//
// A stage's key is the SHA-256 of what determines its output: the settings it uses, the hash of the
// data and rows, its seed, its threads, the keys of its inputs, and the versions of the format, the
// method and the metrics. Same key, same bits on the same kind of processor (environment.h says
// what that is); so experiments share originals, oracles and everything else that is equal.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "experiments/engine/plan/experiment.h"
#include "experiments/engine/plan/stage_kind.h"

namespace oubli {

// What a model is to the stage that looks at it.
enum class ModelRole {
  kModel,
  kOriginal,
  kOracle,
  kInitial,
  kShadow,
  kEditedShadow,
  kControlOracle,  // oracles that stand for "nothing differs"
  kTwin,           // an oracle from the start of the model's original
  kReference       // of the row that others are held against
};

// A model with what is known of it: stages of the plan.
struct StageMember {
  std::size_t model = 0;
  std::size_t predictions = 0;
  std::optional<std::size_t> relearning = {};
  std::optional<std::size_t> rtt = {};
  std::int64_t seed = 0;  // training seed of a model; number of a shadow

  std::vector<std::size_t> stages() const;  // all of these
};

// Members that many stages look at, such as the oracles: held once, so that a plan grows with the
// number of models and not with its square.
struct MemberGroup {
  std::vector<StageMember> members;
  std::string digest;  // of the members' keys and seeds
};
struct StageMembers {
  std::shared_ptr<const MemberGroup> group;
  std::optional<std::size_t> left_out = {};  // place in the group of one that is not a member
};

struct Stage {
  std::string key;
  StageKind kind = StageKind::kTrain;
  std::string label;                  // for people: "newton, training seed 1"
  std::vector<std::size_t> inputs;    // stages of the plan, all before this one; and the members'
  std::size_t method = 0;             // sweep, unlearn: row of the spec
  std::size_t variant = 0;            // of the spec: how its models are trained
  std::int64_t training_seed = 0;     // train, unlearn
  std::int64_t seed = 0;              // oracle or unlearning seed
  std::optional<std::int64_t> audit;  // unlearn: which model of the kind audit it edits
  // Of a sequence of edits. unlearn: which request it answers; all: the first checkpoint that asks
  // for it, whose experiment it is of.
  std::optional<std::size_t> request = {};
  std::size_t checkpoint = 0;
  std::map<ModelRole, StageMembers> members;  // sweep, evaluate, compare
  double cost = 0;                            // estimate in sample-gradients, at least 1
  // What the key is the hash of: what it shares with other stages, and its own.
  std::shared_ptr<const Json> shared_description;
  Json description;

  std::vector<StageMember> members_of(ModelRole role) const;  // none where there is no such role
  std::vector<std::size_t> all_inputs() const;                // its own and its members' stages
  Json full_description() const;
};

// Where the results of one model are in the plan.
struct PlannedModel {
  std::int64_t training_seed = 0;
  std::int64_t unlearning_seed = 0;
  std::size_t model = 0;     // stage
  std::size_t evaluate = 0;  // stage
};
struct PlannedRow {
  std::string name;
  std::vector<PlannedModel> models = {};
  std::optional<std::size_t> compare = {};  // stage
  std::string noise_floor = kNoiseFloor;    // the row of the oracles that it is held against
  // Whether a sweep chose the row's settings by these very oracles.
  bool is_chosen_by_judges = false;
};

struct Plan {
  std::vector<Stage> stages;
  // Original, the methods, noise floor; and where a sweep has oracles of its own, the noise floor
  // of the others. Of a sequence of edits after the last request.
  std::vector<PlannedRow> rows;
  // Of a sequence of edits the rows after each checkpoint; empty for a single edit.
  std::vector<std::vector<PlannedRow>> checkpoints = {};
  std::unordered_map<std::string, std::size_t> numbers;  // of stages, by key

  // By its key, or by the first characters of it, which no other has. Throws Error(kUsage).
  const Stage& find(const std::string& key) const;
  // These stages and all that stands behind them, in the order of the plan.
  std::vector<std::size_t> with_inputs(const std::vector<std::size_t>& ends) const;
  // What a method's row is made by, and all that looks at it, in the order of the plan: its trials,
  // its runs, their predictions and values. Error(kSettings) for a row that is not there.
  std::vector<std::size_t> stages_of_row(const Experiment& experiment,
                                         const std::string& row) const;
};

Plan make_plan(const Experiment& experiment, const Registry<Metric>& metrics);

// The experiment as a stage sees it: after the stage's checkpoint, where there are several.
const Experiment& experiment_of(const Experiment& experiment, const Stage& stage);

}  // namespace oubli
