// An experiment with its data: the forget set drawn, the subsets made, the network sized.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/unlearn/task.h"
#include "experiments/engine/plan/planted.h"
#include "experiments/engine/plan/spec.h"

namespace oubli {

// What a network of this data must take and give.
NetworkShape network_shape(const Objective& objective, const Dataset& dataset);

// Makes models of a plan as methods are handed them (Task::make_model): parameters zero, with as
// many outputs as are asked for, 0 for those of the data.
std::function<Model(std::int64_t outputs)> model_maker(const Spec& spec, const Dataset& dataset,
                                                       const TrainingPlan& plan = {});

// Sample-gradients of training on so many examples; of L-BFGS a guess.
double training_cost(const TrainingRecipe& recipe, std::int64_t examples);

// One request of a sequence.
struct Request {
  Task task;         // from what was trained on before it to what is trained on behind it
  Tensor removed;    // rows that it takes from the oracles: all of task.forget, and what is unknown
  std::string hash;  // of its rows
};

struct Experiment {
  Spec spec;
  std::shared_ptr<const Dataset> dataset;
  Task task;
  Tensor held_out;  // int64 rows that attacks compare with, never trained on; may be empty
  // int64 rows of the retain set that the oracles lack too and no method is told of; may be empty.
  Tensor unknown = no_rows();
  PlantedSets planted = {};  // where a corruption is looked for
  // Of test examples: those that the experiment names, and those of an edit of facts (fact_sets.h).
  std::vector<NamedRows> named_sets = {};
  Network network;
  std::vector<Network> networks = {};  // of each variant, as its plan asks
  // What stages are keyed by.
  std::string data_hash;          // but for what the edit wrote behind the data's own rows:
  std::string written_hash = {};  // of data and that together; "" where nothing was written
  std::int64_t own_rows = 0;      // those of the data
  std::string edit_hash;
  std::string network_hash;                       // of the parameters' names and shapes
  std::vector<std::string> original_hashes = {};  // of the files of given originals

  // Of a sequence of edits: the requests, of which `task` is the whole; and for each checkpoint the
  // experiment as it stands then, with the requests up to there. Both empty for a single edit.
  std::vector<Request> requests = {};
  std::vector<std::shared_ptr<const Experiment>> checkpoints = {};
  std::vector<std::string> notes = {};  // what the edit asked for and left out

  // What oracles are trained on.
  Subset oracle_rows() const;
  // Sets that metrics are reported on; empty ones are left out.
  std::vector<NamedRows> metric_sets() const;
  Tensor metric_rows() const;  // of all of them, ascending
  Model make_model() const { return Model(network.layers, network.table, spec.dtype); }
  // Of a variant's originals, oracles and edited models.
  Model make_model(std::size_t variant) const {
    return Model(networks.at(variant).layers, networks.at(variant).table, spec.dtype);
  }
  // Sample-gradients of training on what remains.
  double retraining_cost() const { return training_cost(spec.recipe, task.retain.size()); }
};

// Loads the data, makes the edit. Errors: kData for files,
// kTask for an edit that cannot be made, kSettings where data, loss and model do not fit each
// other.
Experiment prepare_experiment(Spec spec, const DataFolders& folders);

}  // namespace oubli
