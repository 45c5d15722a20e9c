#include "experiments/engine/plan/training_sets.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <optional>
#include <utility>

#include "core/data/drawing.h"
#include "core/evaluate/attacks/samples.h"
#include "core/evaluate/attacks/ulira.h"
#include "datasets/draw.h"

namespace oubli {
namespace {

// The examples that audits train on and forget.
AuditedRows audited(const Experiment& experiment) {
  const Evaluation evaluation{.dataset = experiment.dataset, .sets = experiment.metric_sets()};
  const std::optional<AuditedRows> rows = audited_rows(evaluation);
  if (!rows) {
    fail_at(experiment.spec.edits.origin,
            "the metric ulira audits a classifier's forget set with unseen examples of its classes "
            "(held out, else test): here there are none. Leave ulira out of 'measure'.");
  }
  return *rows;
}

// Retrainings of one subset differ in their seeds by the number of subsets.
Subset subset_of_training(const Experiment& experiment, std::int64_t seed) {
  const SubsetTruth& truth = *experiment.spec.attribution->subsets;
  const Tensor& rows = experiment.task.train.rows;
  Generator draw = Generator(0).stream(fmt::format("subset {}", seed % truth.count));
  const std::int64_t count = share_of(truth.fraction, rows.numel());
  return experiment.task.train.with_rows(drawn_rows(rows, count, draw));
}

}  // namespace

Subset training_set(const Experiment& experiment, StageKind kind, std::int64_t seed) {
  const Task& task = experiment.task;
  if (kind == StageKind::kTrain) return task.train;
  if (kind == StageKind::kRetrain || kind == StageKind::kTwin) return experiment.oracle_rows();
  if (kind == StageKind::kSubset) return subset_of_training(experiment, seed);
  if (kind == StageKind::kAudit) {
    // The edit adds what is added: an audit that had been trained on it would have it twice.
    const Tensor kept = rows_difference(task.retain.rows, task.added.rows);
    return task.train.with_rows(rows_union(kept, audit_rows(experiment, seed)));
  }
  const Tensor& outside = experiment.held_out.numel() > 0 ? experiment.held_out : task.test.rows;
  const Tensor population = rows_union(rows_union(task.train.rows, task.added.rows), outside);
  return task.train.with_rows(half_of(population, seed, "members of a shadow's training set"));
}

Tensor audit_rows(const Experiment& experiment, std::int64_t audit) {
  return audited(experiment).half(audit);
}

Task task_of(const Experiment& experiment, const Stage& stage) {
  Task task = stage.request ? experiment.requests.at(*stage.request).task : experiment.task;
  const TrainingPlan& plan = experiment.spec.variants[stage.variant].plan;
  task.recipe = plan.recipe;
  task.make_model = model_maker(experiment.spec, *experiment.dataset, plan);
  if (stage.audit) {
    task.train = training_set(experiment, StageKind::kAudit, *stage.audit);
    task.forget = task.train.with_rows(audit_rows(experiment, *stage.audit));
  }
  return task;
}

}  // namespace oubli
