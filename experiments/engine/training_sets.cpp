#include "experiments/engine/training_sets.h"

#include <ATen/ATen.h>

#include <optional>

#include "core/evaluate/attacks/ulira.h"
#include "datasets/draw.h"

namespace oubli {
namespace {

// The examples that audits train on and forget.
AuditedRows audited(const Experiment& experiment) {
  const Evaluation evaluation{.dataset = experiment.dataset, .sets = experiment.metric_sets()};
  const std::optional<AuditedRows> rows = audited_rows(evaluation);
  if (!rows) {
    fail_at(experiment.spec.edit_origin,
            "the metric ulira audits a classifier's forget set with unseen examples of its classes "
            "(held out, else test): here there are none. Leave ulira out of 'measure'.");
  }
  return *rows;
}

}  // namespace

Subset training_set(const Experiment& experiment, StageKind kind, std::int64_t seed) {
  const Task& task = experiment.task;
  if (kind == StageKind::kTrain) return task.train;
  if (kind == StageKind::kRetrain) return task.retain;
  if (kind == StageKind::kAudit) {
    return task.train.with_rows(rows_union(task.retain.rows, audit_rows(experiment, seed)));
  }
  const Tensor& outside = experiment.held_out.numel() > 0 ? experiment.held_out : task.test.rows;
  const Tensor population = rows_union(task.train.rows, outside);
  const std::int64_t n = population.numel();
  Generator generator =
      Generator(static_cast<std::uint64_t>(seed)).stream("members of a shadow's training set");
  const Tensor half = generator.permutation(n).narrow(0, 0, n / 2);
  return task.train.with_rows(sorted_rows(population.index_select(0, half)));
}

Tensor audit_rows(const Experiment& experiment, std::int64_t audit) {
  return audited(experiment).half(static_cast<std::uint64_t>(audit));
}

Task task_of(const Experiment& experiment, const Stage& stage) {
  Task task = experiment.task;
  if (stage.audit) {
    task.train = training_set(experiment, StageKind::kAudit, *stage.audit);
    task.forget = task.train.with_rows(audit_rows(experiment, *stage.audit));
  }
  return task;
}

}  // namespace oubli
