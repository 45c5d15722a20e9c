#include "experiments/engine/plan/checkpoints.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "experiments/engine/plan/edit_tasks.h"
#include "experiments/engine/plan/fact_sets.h"

namespace oubli {
namespace {

// What the methods are told, one request after another.
std::vector<Request> requests_of(const Experiment& experiment, const std::vector<DrawnEdit>& edits,
                                 const std::vector<Tensor>& members, const Splits& splits) {
  const Task& common = experiment.task;
  std::vector<Request> requests;
  for (std::size_t k = 0; k < edits.size(); ++k) {
    Request request;
    request.task = task_between(members[k], members[k + 1], splits, common.train.dataset);
    request.task.recipe = common.recipe;
    request.task.make_model = common.make_model;
    request.removed = edits[k].removed.rows;
    request.hash = hash_of_request(experiment, request.task);
    requests.push_back(std::move(request));
  }
  return requests;
}

// The edit as a whole up to a request, as one between the rows that any model has seen till then
// and those that are left.
void set_edit_up_to(Experiment& experiment, const std::vector<DrawnEdit>& edits,
                    const std::vector<Tensor>& members, std::size_t count, const Splits& splits) {
  Tensor seen = members.front();
  for (std::size_t k = 0; k < count; ++k) seen = rows_union(seen, edits[k].added.rows);
  const Tensor& left = members[count];
  Task& task = experiment.task;
  Task sets = task_between(members.front(), left, splits, experiment.dataset);
  sets.forget = sets.forget.with_rows(rows_difference(seen, left));
  sets.recipe = task.recipe;
  sets.make_model = task.make_model;
  experiment.named_sets = rows_of(experiment.spec.sets, *experiment.dataset, splits);
  experiment.unknown = unknown_up_to(edits, count);
  take_fact_sets(sets, experiment.unknown, experiment.named_sets);
  task = std::move(sets);
  experiment.edit_hash = hash_of_edit(experiment, task, experiment.unknown);
}

}  // namespace

void add_checkpoints(Experiment& experiment, const std::vector<DrawnEdit>& edits,
                     const std::vector<Tensor>& members, const Splits& splits) {
  const Edits& asked = experiment.spec.edits;
  std::vector<std::int64_t> checkpoints = asked.checkpoints;
  const auto last = static_cast<std::int64_t>(edits.size());
  if (checkpoints.empty()) checkpoints = {last};
  if (checkpoints.back() > last) {
    fail_at(asked.checkpoints_origin,
            fmt::format("there is no checkpoint {}: the edit has {} request{}.", checkpoints.back(),
                        last, last == 1 ? "" : "s"));
  }
  const std::vector<Request> all = requests_of(experiment, edits, members, splits);
  for (const std::int64_t count : checkpoints) {
    auto view = std::make_shared<Experiment>(experiment);
    view->checkpoints.clear();
    view->requests.assign(all.begin(), all.begin() + count);
    set_edit_up_to(*view, edits, members, static_cast<std::size_t>(count), splits);
    experiment.checkpoints.push_back(std::move(view));
  }
  const Experiment& whole = *experiment.checkpoints.back();
  experiment.requests = whole.requests;
  experiment.task = whole.task;
  experiment.unknown = whole.unknown;
  experiment.edit_hash = whole.edit_hash;
  experiment.named_sets = whole.named_sets;
}

}  // namespace oubli
