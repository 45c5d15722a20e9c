// The small world of sentences (problems.h), a gpt that has learnt it, and edits of its facts.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <utility>
#include <vector>

#include "core/unlearn/fact_edits.h"
#include "core/unlearn/linear_memory.h"
#include "datasets/language/fact_rows.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli::testing {

// Three layers, float64, trained once.
inline Model learnt_gpt() {
  static const Model model = [] {
    const auto data = make_sentences();
    Model made = make_model("gpt", "{layers: 3, width: 8, heads: 2}", *data);
    TrainingRecipe recipe;
    recipe.optimizer = {.name = "adamw", .lr = 1e-2};
    recipe.epochs = 60;
    recipe.batch_size = 20;
    Context context(5);
    train(made, all_of(data), recipe, context);
    return made;
  }();
  return model.clone();
}

inline Tensor rows_of_facts(const Dataset& data, const std::vector<std::int64_t>& facts) {
  return at::isin(data.sequences.fact, at::tensor(facts, at::kLong)).nonzero().squeeze(1);
}

// The facts leave, and those with the next object of their relation enter.
inline Task change_task(const std::vector<std::int64_t>& facts) {
  LoadedData data;
  data.dataset = *make_sentences();
  const Tensor train = at::arange(data.dataset.size()), none = at::empty({0}, at::kLong);
  data.splits = {train, none, none};
  const FactIndex index(data.dataset);
  std::vector<std::int32_t> objects;
  for (const std::int64_t fact : facts) {
    const auto all = objects_of_relation(data.dataset, index.at(fact).relation);
    std::size_t place = 0;
    while (all[place] != index.at(fact).object) ++place;
    objects.push_back(all[(place + 1) % all.size()]);
  }
  const FactRows rows = append_changed_facts(data, train, at::tensor(facts, at::kLong), objects);
  const auto dataset = std::make_shared<const Dataset>(std::move(data.dataset));
  Task task = removal_task(dataset, 0, 0);
  task.train = {dataset, train, {}};
  task.forget = {dataset, rows.before, {}};
  task.added = {dataset, rows.after, {}};
  task.retain = {dataset, rows_union(rows_difference(train, rows.before), rows.after), {}};
  return task;
}

inline Task forget_task(const std::vector<std::int64_t>& facts) {
  Task task = removal_task(make_sentences(), 0, 0);
  task.forget = task.train.with_rows(rows_of_facts(*task.train.dataset, facts));
  task.retain = task.train.with_rows(rows_difference(task.train.rows, task.forget.rows));
  return task;
}

// The same with the first wording of each fact alone.
inline Task in_one_wording(Task task) {
  const FactEdits edits = fact_edits(task, "law", at::kDouble);
  const Tensor dropped = rows_difference(task.added.rows, edits.first(edits.rows));
  task.added = task.added.with_rows(edits.first(edits.rows));
  task.retain = task.retain.with_rows(rows_difference(task.retain.rows, dropped));
  return task;
}

inline Tensor memory_change(const Model& edited, const Model& original, std::int64_t layer) {
  const LinearMemory memory = LinearMemory::of(original, layer);
  return memory.take(edited.theta().detach()) - memory.take(original.theta().detach());
}

// Whether no parameter but the memories of these layers differs by a bit.
inline bool moved_alone(const Model& edited, const Model& original,
                        const std::vector<std::int64_t>& layers) {
  const Tensor theta = edited.theta().detach().clone();
  for (const std::int64_t layer : layers) {
    const LinearMemory memory = LinearMemory::of(original, layer);
    if (memory.take(theta).equal(memory.take(original.theta()))) return false;
    memory.take(theta).copy_(memory.take(original.theta().detach()));
  }
  return theta.equal(original.theta());
}

// Mean keys of the facts before their answers, at a layer: [in, r].
inline Tensor mean_keys(const Model& model, const FactEdits& edits, std::int64_t layer) {
  CostMeter cost;
  const LinearMemory memory = LinearMemory::of(model, layer);
  return edits.means(read_memories(model, {memory}, edits.inputs, edits.answer_begin, cost)[0].keys)
      .t();
}

inline std::int64_t numerical_rank(const Tensor& matrix) {
  const Tensor s = std::get<1>(at::linalg_svd(matrix, /*full_matrices=*/false));
  return s.gt(1e-10 * s.max()).sum().item<std::int64_t>();
}

}  // namespace oubli::testing
