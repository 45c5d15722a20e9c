// Makes the stages of a plan, one of any kind at a call: its label, its cost, and the description
// that its key is the hash of. Which stages an experiment needs, and which model is held against
// which, is the planner's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "experiments/engine/plan/plan.h"
#include "experiments/engine/plan/stage_list.h"

namespace oubli {

using StageNumbers = std::vector<std::size_t>;  // of stages in the plan
using StageGroup = std::shared_ptr<const MemberGroup>;

// What is trained further, to be looked at beside a model.
struct TrainedOn {
  bool relearning = false, rtt = false;
};

class StageMaker {
 public:
  StageMaker(const Experiment& experiment, const Registry<Metric>& metrics);

  // All return the number of the stage.
  // An original, an oracle, a shadow, an audit.
  std::size_t train(StageKind kind, std::int64_t seed, std::size_t variant);
  std::size_t import(std::int64_t number);  // a given original
  std::size_t initial(std::int64_t seed);
  // `method`: row of the spec, which has a sweep.
  std::size_t sweep(std::size_t method, std::size_t original,
                    std::map<ModelRole, StageMembers> members);
  // `sweep`: the stage that chooses the method's settings, where there is one. Of a sequence of
  // edits the stage that answers the last request, behind those that answer the others.
  std::size_t unlearn(std::size_t method, std::size_t original, std::optional<std::size_t> sweep,
                      std::int64_t training_seed, std::int64_t seed);
  // A method on an attacker's model, which it makes forget that model's own half.
  std::size_t unlearn_audit(std::size_t method, std::size_t audit_model, std::int64_t audit,
                            std::optional<std::size_t> sweep);
  std::size_t evaluate(std::size_t model, std::map<ModelRole, StageMembers> members);
  std::size_t compare(const std::string& row, std::map<ModelRole, StageMembers> members);

  // Of an attribution (attribution_stages.cpp); `row` of its rows.
  std::size_t attribute(std::size_t row, std::size_t original, std::int64_t training_seed);
  // `effects`: the stage whose largest effects are among those left out, where there is one.
  std::size_t left_out(std::size_t original, std::optional<std::size_t> effects,
                       std::int64_t training_seed);
  // `row` as of `attribute`, or none: of the truth itself.
  std::size_t score(std::optional<std::size_t> row, const StageNumbers& effects,
                    const StageNumbers& left_out, const StageGroup& subsets);

  // A trained or edited model as others look at it: with its predictions, and how it trains on.
  StageMember member(std::size_t model, std::int64_t seed, const TrainedOn& trained = {});
  StageGroup group(std::vector<StageMember> members) const {
    return stages_.group(std::move(members));
  }
  // Of models that are numbered from 0.
  StageGroup group_of(const StageNumbers& models, const TrainedOn& trained = {});

  // The plan of all these stages, still without rows.
  Plan take() { return stages_.take(); }

 private:
  void describe_what_stages_share(const Registry<Metric>& metrics);
  std::pair<std::string, std::int64_t> training_rows(StageKind kind, std::int64_t seed);
  // A stage for each request, each on the model that the one before it left; returns the last.
  std::size_t answer(std::size_t method, std::size_t original, std::int64_t training_seed,
                     std::int64_t seed);
  std::string label_of_run(const MethodRow& row, std::int64_t training_seed,
                           std::int64_t seed) const;
  static double estimated_cost(const Unlearner& unlearner, const Task& task);
  std::size_t relearn(std::size_t model);
  std::size_t rtt(std::size_t model);
  std::size_t predict(std::size_t model);

  const Experiment& experiment_;
  StageList stages_;
  std::shared_ptr<const Json> prediction_, evaluation_;  // shared descriptions
  std::vector<std::shared_ptr<const Json>> trainings_;   // by variant
  std::vector<std::shared_ptr<const Json>> methods_;     // by row of the spec
  int lds_version_ = 0;                                  // what sweeps of attributions choose by
  std::vector<Json> objectives_;                         // the metric of each row's sweep
  std::map<StageKind, std::pair<std::string, std::int64_t>> alike_rows_;
  std::map<std::size_t, std::size_t> predictions_, relearnings_, rtts_;  // of a model's stage
};

}  // namespace oubli
