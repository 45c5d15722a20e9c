#include "experiments/engine/plan/edit_tasks.h"

#include <utility>

#include "core/base/hash.h"

namespace oubli {
namespace {

std::string rows_hash(const Tensor& rows) {
  Hasher hasher;
  hasher.add(rows);
  return hasher.hex();
}

void add_rows(const Experiment& experiment, const Task& task, Hasher& edit) {
  for (const Subset* part :
       {&task.train, &task.forget, &task.added, &task.retain, &task.validation, &task.test}) {
    edit.add(rows_hash(part->rows));
  }
  if (!experiment.written_hash.empty()) edit.add("/written/" + experiment.written_hash);
}

}  // namespace

Task task_between(const Tensor& train, const Tensor& retain, const Splits& splits,
                  const std::shared_ptr<const Dataset>& dataset) {
  const auto subset = [&](Tensor rows) { return Subset{dataset, std::move(rows), {}}; };
  Task task;
  task.train = subset(train);
  task.forget = subset(rows_difference(train, retain));
  task.added = subset(rows_difference(retain, train));
  task.retain = subset(retain);
  task.validation = subset(splits.validation);
  task.test = subset(splits.test);
  return task;
}

std::string hash_of_request(const Experiment& experiment, const Task& task) {
  Hasher edit;
  add_rows(experiment, task, edit);
  return edit.hex();
}

std::string hash_of_edit(const Experiment& experiment, const Task& task, const Tensor& unknown) {
  Hasher edit;
  add_rows(experiment, task, edit);
  const Tensor& held_out = experiment.held_out;
  if (held_out.numel() > 0) edit.add(rows_hash(held_out));
  if (unknown.numel() > 0) edit.add("/unknown/" + rows_hash(unknown));
  return edit.hex();
}

Tensor unknown_up_to(const std::vector<DrawnEdit>& edits, std::size_t count) {
  Tensor rows = no_rows();
  for (std::size_t k = 0; k < count; ++k) {
    if (edits[k].unknown.defined()) rows = rows_union(rows, edits[k].unknown);
  }
  return rows;
}

std::vector<Tensor> members_over_time(const std::vector<DrawnEdit>& edits, const Tensor& train) {
  Tensor members = train;
  for (const DrawnEdit& edit : edits) members = rows_difference(members, edit.added.rows);
  std::vector<Tensor> all = {members};
  for (const DrawnEdit& edit : edits) {
    const Tensor told = edit.unknown.defined() ? rows_difference(edit.removed.rows, edit.unknown)
                                               : edit.removed.rows;
    members = rows_union(rows_difference(members, told), edit.added.rows);
    all.push_back(members);
  }
  return all;
}

}  // namespace oubli
