// What finished stages left in the store, as metrics take it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/evaluate/metric.h"
#include "core/nn/tensor_file.h"
#include "experiments/engine/plan/plan.h"
#include "experiments/engine/run/stage_files.h"
#include "experiments/engine/run/store.h"

namespace oubli {

template <typename T>
std::vector<const T*> pointers_to(const std::vector<T>& all) {
  std::vector<const T*> pointers;
  pointers.reserve(all.size());
  for (const T& one : all) pointers.push_back(&one);
  return pointers;
}

// Refers to what it is made from, and outcomes refer to it. Every member throws DamagedEntry for
// an entry that is not as it was written.
//
// Of the models that metrics look at, outputs are held as they are stored while all of a role fit
// into a quarter of `memory`, in bytes, and 256 MiB, and are read again whenever they are asked for
// else; parameters always are. Of an attacker's models nothing is kept but scaled confidences.
class StageOutputs {
 public:
  StageOutputs(const Experiment& experiment, const Plan& plan, const Store& store,
               std::int64_t memory)
      : experiment_(experiment),
        plan_(plan),
        store_(store),
        memory_(memory),
        rows_(experiment.metric_rows()) {}

  Json json(std::size_t stage, const std::string& file) const {
    return read_json(store_, plan_.stages[stage].key, file);
  }
  TensorFile tensors(std::size_t stage, const std::string& file) const;
  Model model(std::size_t stage) const {
    return stored_model(experiment_, store_, plan_.stages[stage]);
  }

  // What the method remembers that made a model, or what was written down while it was trained
  // (kRecordFile); null for none.
  MethodStatePtr state(std::size_t stage, const char* file = kStateFile) const {
    return stored_state(store_, plan_.stages[stage], file);
  }

  // False for a model that diverged: it has a report and nothing else.
  bool usable(const StageMember& member) const;
  std::vector<ModelOutcome> outcomes(const Stage& stage, ModelRole role) const;
  // An attacker's models with the rows that each was trained on, or forgot. A model that the method
  // spoilt tells the attacker nothing and is left out.
  std::vector<Shadow> shadows(const Stage& stage, ModelRole role) const;

  // What a model that is not stored says of these rows of the data set.
  Predictions predictions(const ModelOutputs& outputs, const Tensor& rows) const;
  // Of models of a variant. `initial` must outlive what is returned.
  Evaluation evaluation(std::vector<NamedRows> sets, const std::vector<ModelOutcome>& initial,
                        std::size_t variant) const;

 private:
  ModelOutcome outcome(const StageMember& member, bool hold_outputs) const;
  Predictions predictions_of(const StageMember& member, bool hold) const;
  // What a stage of predictions stored. Error(kStore) for rows that are not this experiment's.
  TensorFile read_predictions(std::size_t stage) const;

  const Experiment& experiment_;
  const Plan& plan_;
  const Store& store_;
  std::int64_t memory_;
  Tensor rows_;  // that predictions are stored of
};

}  // namespace oubli
