#include "experiments/engine/plan/experiment.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "core/base/hash.h"
#include "core/evaluate/fact_table.h"
#include "core/nn/checkpoint.h"
#include "datasets/draw.h"
#include "experiments/engine/plan/checkpoints.h"
#include "experiments/engine/plan/edit_tasks.h"
#include "experiments/engine/plan/fact_sets.h"
#include "experiments/engine/plan/misfit.h"
#include "experiments/engine/plan/original_checks.h"

namespace oubli {
namespace {

std::string layout_hash(const ParameterTable& table) {
  Hasher hasher;
  for (const ParameterInfo& info : table.parameters()) {
    hasher.add(fmt::format("{} {}\n", info.name, fmt::join(info.shape, " ")));
  }
  return hasher.hex();
}

// The experiment file as a whole; nowhere where the experiment stands in none.
Origin in_file(const Spec& spec) {
  const std::string& source = spec.edits.origin.source;
  return source.empty() ? Origin{} : Origin{source, 0, 0};
}

void require_fitting_loss(const Spec& spec, const Dataset& dataset) {
  if (spec.recipe.objective.fits(dataset)) return;
  fail_at(in_file(spec),
          dataset.is_sequence()
              ? "train.loss is for examples with one label or target each, but these are sequences "
                "of tokens: use cross_entropy, which is taken at every token."
          : !dataset.is_classification()
              ? "train.loss is for classes, but the targets are numbers: use squared_error."
          : spec.recipe.objective.loss == LossKind::kBinaryLogistic
              ? fmt::format("train.loss is binary_logistic, but the data has {} classes: use "
                            "cross_entropy.",
                            dataset.outputs)
              : "train.loss is squared_error, but the data has classes: use cross_entropy.");
}

void require_shared_order(const Spec& spec, const Dataset& dataset) {
  if (!dataset.first_seen.defined() || spec.recipe.shared_order) return;
  fail_at(
      in_file(spec),
      fmt::format("some rows of '{}' are first seen late in a training, which goes by epochs of a "
                  "shared order: add `train: {{shared_order: true}}`.",
                  dataset.name));
}

void require_fitting_methods(const Spec& spec, const Dataset& dataset) {
  for (const MethodRow& row : spec.methods) {
    const bool are_sequences = dataset.is_sequence();
    const std::string& unable = are_sequences ? row.takes_no_sequences : row.takes_no_labels;
    if (unable.empty()) continue;
    fail_at(row.origin,
            fmt::format("'{}' is for {}: leave it out.", unable,
                        are_sequences ? "examples with one label or target each, and these are "
                                        "sequences of tokens"
                                      : "sequences of tokens, and these examples have one label or "
                                        "target each"));
  }
}

// What methods say themselves of a task that they cannot do.
void require_able_methods(const Experiment& experiment) {
  const auto require = [&](const MethodRow& row, const Unlearner& unlearner) {
    try {
      if (experiment.requests.empty()) unlearner.require(experiment.task);
      for (const Request& request : experiment.requests) unlearner.require(request.task);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kTask) throw;
      const std::string why = error.what();
      fail_at(row.origin, fmt::format("'{}' cannot do this: {}{}", row.name, why,
                                      why.ends_with('.') ? "" : "."));
    }
  };
  for (const MethodRow& row : experiment.spec.methods) {
    if (row.unlearner) require(row, *row.unlearner);
    if (!row.sweep) continue;
    for (const Trial& trial : row.sweep->trials) require(row, *trial.unlearner);
  }
}

// Metrics of facts have no value where no row states one.
void require_fitting_measure(const Spec& spec, const Dataset& dataset) {
  constexpr const char* kOfFacts[] = {"beliefs", "learnt_bits", "model_utility", "oracle_distance",
                                      "rtt",     "truth_ratio", "twin_distance"};
  if (FactTable::is_in(dataset)) return;
  for (const auto& [name, origin] : spec.asked_for) {
    if (std::find(std::begin(kOfFacts), std::end(kOfFacts), name) == std::end(kOfFacts)) continue;
    fail_at(origin, fmt::format("the metric '{}' is about facts, and no row of '{}' states one: "
                                "leave it out of 'measure'.",
                                name, dataset.name));
  }
}

void build_networks(const Spec& spec, const Dataset& dataset, Experiment& experiment) {
  try {
    experiment.network = spec.build(network_shape(spec.recipe.objective, dataset));
    for (const Variant& variant : spec.variants) {
      experiment.networks.push_back(network_of(variant.plan, experiment.network));
    }
  } catch (const Error& error) {  // too many parameters
    if (error.kind() != ErrorKind::kUsage) throw;
    const SettingsNode* model = spec.root.find("model");
    fail_at(model != nullptr ? model->origin : Origin{}, std::string(error.what()) + ".");
  }
}

void require_examples(const std::vector<Tensor>& members, const std::vector<DrawnEdit>& edits,
                      const Edits& written) {
  for (std::size_t k = 0; k < members.size(); ++k) {
    // Of the oracles, which have fewer.
    if (members[k].numel() > unknown_up_to(edits, k).numel()) continue;
    fail_at(written.origin, written.is_sequence && k > 0
                                ? fmt::format("nothing is left to train on after request {}.", k)
                                : "nothing is left to train on after this edit.");
  }
}

// A message that the weights do not fit says why, as far as sizes tell.
void load_original(const Experiment& experiment, Model& model, std::size_t number) {
  const GivenOriginals& given = *experiment.spec.originals;
  try {
    given.load(model, number);
  } catch (const WeightsMisfit& error) {
    throw Error(error.kind(), error.what() + why_misfit(experiment, model, given.weights(number)));
  }
}

// Looks at the given originals, so that one that does not fit is known before anything is trained.
void take_up_originals(Experiment& experiment) {
  const GivenOriginals& given = *experiment.spec.originals;
  Model model = experiment.make_model();
  for (std::size_t i = 0; i < given.files.size(); ++i) {
    load_original(experiment, model, i);
    experiment.original_hashes.push_back(file_hash_hex(given.files[i]));
    require_not_relearnt(experiment, i);
    std::string note = worse_than_a_constant(experiment, model, i);
    if (!note.empty()) experiment.notes.push_back(std::move(note));
  }
}

// Of an attribution that asks about some tests.
Subset asked_about(const AttributionSpec& asked, const Subset& tests) {
  if (asked.tests.empty()) return tests;
  for (const std::int64_t position : asked.tests) {
    if (position < tests.size()) continue;
    fail_at(asked.tests_origin, fmt::format("there is no test {}: the test set has {} examples.",
                                            position, tests.size()));
  }
  const Tensor positions = at::tensor(asked.tests, at::kLong);
  return tests.with_rows(
      std::get<0>(at::_unique(tests.rows.index_select(0, positions), /*sorted=*/true)));
}

void fit_attribution(const AttributionSpec& asked, Task& task) {
  task.test = asked_about(asked, task.test);
  if (task.test.empty()) fail_at(asked.origin, "there is no test whose loss could change.");
  if (asked.has_sweep() && task.test.size() < 2) {
    fail_at(asked.origin,
            "a sweep chooses by one half of the tests for the other: ask about two or more.");
  }
  if (!asked.subsets) return;
  const std::int64_t n = task.train.size(), in_each = share_of(asked.subsets->fraction, n);
  if (in_each > 0 && in_each < n) return;
  fail_at(asked.origin, fmt::format("subsets of {:g} of {} examples have {}: neither none nor all "
                                    "of them can be told apart.",
                                    asked.subsets->fraction, n, in_each));
}

}  // namespace

NetworkShape network_shape(const Objective& objective, const Dataset& dataset) {
  return {dataset.input_shape(), objective.outputs_for(dataset), dataset.sequences.positions()};
}

std::function<Model(std::int64_t)> model_maker(const Spec& spec, const Dataset& dataset,
                                               const TrainingPlan& plan) {
  return [build = spec.build, shape = network_shape(spec.recipe.objective, dataset),
          dtype = spec.dtype, plan](std::int64_t outputs) {
    NetworkShape asked = shape;
    if (outputs > 0) asked.outputs = outputs;
    const Network network = network_of(plan, build(asked));
    return Model(network.layers, network.table, dtype);
  };
}

double training_cost(const TrainingRecipe& recipe, std::int64_t examples) {
  const std::int64_t passes = recipe.optimizer.name == "lbfgs"   ? 100
                              : recipe.optimizer.is_full_batch() ? 1
                                                                 : recipe.epochs;
  return static_cast<double>(examples) * static_cast<double>(passes);
}

Subset Experiment::oracle_rows() const {
  return unknown.numel() == 0 ? task.retain
                              : task.retain.with_rows(rows_difference(task.retain.rows, unknown));
}

std::vector<NamedRows> Experiment::metric_sets() const {
  std::vector<NamedRows> sets;
  const auto add = [&](const std::string& name, const Tensor& rows) {
    if (rows.numel() > 0) sets.push_back({name, rows});
  };
  // Added points are reported apart from the points that were kept, and so is what should not have
  // been.
  add("retain", rows_difference(oracle_rows().rows, task.added.rows));
  add("forget", task.forget.rows);
  add("unknown", unknown);
  add("added", task.added.rows);
  add("validation", task.validation.rows);
  add("test", task.test.rows);
  add("held_out", held_out);
  for (const NamedRows& set : planted.sets) add(set.name, set.rows);
  for (const NamedRows& set : named_sets) add(set.name, set.rows);
  return sets;
}

Tensor Experiment::metric_rows() const {
  Tensor rows = no_rows();
  for (const NamedRows& set : metric_sets()) rows = rows_union(rows, set.rows);
  return rows;
}

Experiment prepare_experiment(Spec spec, const DataFolders& folders) {
  Experiment experiment;
  LoadedData loaded = spec.load(folders);
  loaded.dataset.training_rows = loaded.splits.train.numel();
  experiment.own_rows = loaded.dataset.size();
  const Generator generator(static_cast<std::uint64_t>(spec.seeds.edit));
  const std::vector<DrawnEdit> edits = spec.edits.draw(loaded, generator);
  const bool is_written = loaded.dataset.size() > experiment.own_rows;
  experiment.planted = plant(edits, spec.edits.origin, loaded.dataset);
  for (const DrawnEdit& edit : edits) {
    for (const std::string& note : edit.removed.notes) experiment.notes.push_back(note);
  }
  experiment.dataset = std::make_shared<const Dataset>(std::move(loaded.dataset));
  const Dataset& dataset = *experiment.dataset;
  const std::vector<Tensor> members = members_over_time(edits, loaded.splits.train);
  require_examples(members, edits, spec.edits);
  experiment.task =
      task_between(members.front(), members.back(), loaded.splits, experiment.dataset);
  experiment.unknown = unknown_up_to(edits, edits.size());
  experiment.held_out = loaded.held_out.defined() ? loaded.held_out : no_rows();
  Task& task = experiment.task;
  experiment.named_sets = rows_of(spec.sets, dataset, loaded.splits);
  take_fact_sets(task, experiment.unknown, experiment.named_sets);
  require_fitting_loss(spec, dataset);
  require_shared_order(spec, dataset);
  require_fitting_methods(spec, dataset);
  require_fitting_measure(spec, dataset);
  build_networks(spec, dataset, experiment);
  if (spec.attribution) fit_attribution(*spec.attribution, task);
  task.recipe = spec.recipe;
  task.make_model = model_maker(spec, dataset);
  experiment.network_hash = layout_hash(*experiment.network.table);
  experiment.data_hash =
      is_written ? dataset.content_hash(experiment.own_rows) : dataset.content_hash();
  if (is_written) experiment.written_hash = dataset.content_hash();
  experiment.edit_hash = hash_of_edit(experiment, task, experiment.unknown);
  experiment.spec = std::move(spec);
  if (experiment.spec.originals) take_up_originals(experiment);
  if (experiment.spec.edits.is_sequence) add_checkpoints(experiment, edits, members, loaded.splits);
  require_able_methods(experiment);
  return experiment;
}

}  // namespace oubli
