// Plan: the graph of stages that an experiment needs.
//
//   train     originals on D, oracles on D_r + D_a (the kind `retrain`)
//   shadow    models on random halves of D and unseen examples together, for attacks
//   initial   models that were never trained, for metrics that compare with one
//   sweep     trials of a method's settings on the first original (sweep.h)
//   unlearn   one method on one original
//   predict   outputs of one model on every split
//   evaluate  metrics of one model against all oracles
//
// A stage's key is the SHA-256 of what determines its output: the settings it uses, the hash of the
// data and rows, its seed, its threads, the keys of its inputs and the format version. Same key,
// same bits; so experiments share originals, oracles and everything else that is equal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiments/engine/experiment.h"

namespace oubli {

enum class StageKind { kTrain, kRetrain, kShadow, kInitial, kSweep, kUnlearn, kPredict, kEvaluate };
std::string to_string(StageKind kind);
// What people call a model of this kind: original, oracle, shadow, untrained.
std::string model_name(StageKind kind);

struct Stage {
  std::string key;
  StageKind kind = StageKind::kTrain;
  std::string label;                // for people: "newton, training seed 1"
  std::vector<std::size_t> inputs;  // stages of the plan, all before this one
  std::size_t method = 0;           // sweep, unlearn: row of the spec
  std::int64_t training_seed = 0;   // train, unlearn
  std::int64_t seed = 0;            // oracle or unlearning seed
  // evaluate: pairs of a model and its predictions among the inputs, in this order: the model
  // itself, oracles, initial models, shadows; sweep: the original, then such pairs of oracles and
  // initial models.
  std::size_t oracles = 0;
  std::size_t initial = 0;
  std::size_t shadows = 0;
  double cost = 0;   // estimate in sample-gradients, at least 1
  Json description;  // what the key is the hash of
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
  std::vector<PlannedModel> models;
};

struct Plan {
  std::vector<Stage> stages;
  std::vector<PlannedRow> rows;  // original, the methods, noise floor

  // Throws Error(kUsage) for a key that is not in the plan.
  const Stage& find(const std::string& key) const;
};

// What a trained model of this kind is trained on: D, the retain set, or a shadow's random half of
// the population, which is D with the held-out examples beside it, or else the test set.
Subset training_set(const Experiment& experiment, StageKind kind, std::int64_t seed);

Plan make_plan(const Experiment& experiment, const Registry<Metric>& metrics);

}  // namespace oubli
