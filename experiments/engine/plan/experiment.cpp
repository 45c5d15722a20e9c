#include "experiments/engine/plan/experiment.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/hash.h"

namespace oubli {
namespace {

std::string rows_hash(const Tensor& rows) {
  Hasher hasher;
  hasher.add(rows);
  return hasher.hex();
}

std::string layout_hash(const ParameterTable& table) {
  Hasher hasher;
  for (const ParameterInfo& info : table.parameters()) {
    hasher.add(fmt::format("{} {}\n", info.name, fmt::join(info.shape, " ")));
  }
  return hasher.hex();
}

Tensor no_rows() { return at::empty({0}, at::kLong); }

// The examples that are removed and added.
struct DrawnEdit {
  Selection removed{no_rows(), false, {}};
  Selection added{no_rows(), false, {}};
};

DrawnEdit draw_edit(const Spec& spec, const LoadedData& loaded) {
  const Generator generator(static_cast<std::uint64_t>(spec.seeds.edit));
  DrawnEdit edit;
  if (spec.remove) {
    edit.removed = spec.remove(loaded.dataset, loaded.splits, generator.stream("remove"));
  }
  if (spec.add) edit.added = spec.add(loaded.dataset, loaded.splits, generator.stream("add"));
  if (at::isin(edit.removed.rows, edit.added.rows).any().item<bool>()) {
    fail_at(spec.edit_origin,
            "the same examples are removed and added: an example is either in the "
            "original's training set or not.");
  }
  return edit;
}

// Its sets; what trains and makes models is set elsewhere.
Task task_for(const DrawnEdit& edit, const Splits& splits,
              const std::shared_ptr<const Dataset>& dataset) {
  const auto subset = [&](Tensor rows) { return Subset{dataset, std::move(rows), {}}; };
  Task task;
  task.train = subset(rows_difference(splits.train, edit.added.rows));
  task.forget = subset(edit.removed.rows);
  task.added = subset(edit.added.rows);
  task.retain =
      subset(rows_union(rows_difference(task.train.rows, edit.removed.rows), edit.added.rows));
  task.validation = subset(splits.validation);
  task.test = subset(splits.test);
  return task;
}

void require_fitting_loss(const Spec& spec, const Dataset& dataset) {
  if (spec.recipe.objective.fits(dataset)) return;
  fail_at(spec.edit_origin.source.empty() ? Origin{} : Origin{spec.edit_origin.source, 0, 0},
          !dataset.is_classification()
              ? "train.loss is for classes, but the targets are numbers: use squared_error."
          : spec.recipe.objective.loss == LossKind::kBinaryLogistic
              ? fmt::format("train.loss is binary_logistic, but the data has {} classes: use "
                            "cross_entropy.",
                            dataset.outputs)
              : "train.loss is squared_error, but the data has classes: use cross_entropy.");
}

Network build_network(const Spec& spec, const Dataset& dataset) {
  try {
    return spec.build({dataset.input_shape(), spec.recipe.objective.outputs_for(dataset)});
  } catch (const Error& error) {  // too many parameters
    if (error.kind() != ErrorKind::kUsage) throw;
    const SettingsNode* model = spec.root.find("model");
    fail_at(model != nullptr ? model->origin : Origin{}, std::string(error.what()) + ".");
  }
}

std::string hash_of_edit(const Task& task, const Tensor& held_out) {
  Hasher edit;
  for (const Subset* part :
       {&task.train, &task.forget, &task.added, &task.retain, &task.validation, &task.test}) {
    edit.add(rows_hash(part->rows));
  }
  if (held_out.numel() > 0) edit.add(rows_hash(held_out));
  return edit.hex();
}

}  // namespace

double training_cost(const TrainingRecipe& recipe, std::int64_t examples) {
  const std::int64_t passes = recipe.optimizer.is_full_batch() ? 100 : recipe.epochs;
  return static_cast<double>(examples) * static_cast<double>(passes);
}

std::vector<NamedRows> Experiment::metric_sets() const {
  std::vector<NamedRows> sets;
  const auto add = [&](const std::string& name, const Tensor& rows) {
    if (rows.numel() > 0) sets.push_back({name, rows});
  };
  // Added points are reported apart from the points that were kept.
  add("retain", rows_difference(task.retain.rows, task.added.rows));
  add("forget", task.forget.rows);
  add("added", task.added.rows);
  add("validation", task.validation.rows);
  add("test", task.test.rows);
  add("held_out", held_out);
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
  const DrawnEdit edit = draw_edit(spec, loaded);
  if (edit.removed.mislabelled) loaded.dataset = corrupted(loaded.dataset, edit.removed);
  experiment.dataset = std::make_shared<const Dataset>(std::move(loaded.dataset));
  const Dataset& dataset = *experiment.dataset;
  experiment.task = task_for(edit, loaded.splits, experiment.dataset);
  experiment.held_out = loaded.held_out.defined() ? loaded.held_out : no_rows();
  Task& task = experiment.task;
  if (task.train.empty() || task.retain.empty()) {
    fail_at(spec.edit_origin, "nothing is left to train on after this edit.");
  }
  require_fitting_loss(spec, dataset);
  experiment.network = build_network(spec, dataset);
  task.recipe = spec.recipe;
  task.make_model = [build = spec.build, shape = dataset.input_shape(),
                     own = spec.recipe.objective.outputs_for(dataset),
                     dtype = spec.dtype](std::int64_t outputs) {
    const Network network = build({shape, outputs > 0 ? outputs : own});
    return Model(network.layers, network.table, dtype);
  };
  experiment.network_hash = layout_hash(*experiment.network.table);
  experiment.data_hash = dataset.content_hash();
  experiment.edit_hash = hash_of_edit(task, experiment.held_out);
  experiment.spec = std::move(spec);
  return experiment;
}

}  // namespace oubli
