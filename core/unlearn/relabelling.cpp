#include "core/unlearn/relabelling.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/data/drawing.h"

namespace oubli {

RandomLabelSettings RandomLabelSettings::read(const Settings& settings) {
  RandomLabelSettings s;
  s.each_time = settings.choice("draw", {.default_value = "each_time",
                                         .valid = {"each_time", "once"},
                                         .doc = "labels for each batch over all classes, or once "
                                                "over the other classes"}) == "each_time";
  return s;
}

void require_classes(const Task& task, const std::string& method) {
  const Dataset& data = *task.retain.dataset;
  if (data.is_classification() && data.outputs > 1) return;
  throw Error(ErrorKind::kTask,
              fmt::format("{} is for classification: '{}' has no classes", method, data.name));
}

namespace {

// Of sequences the label stands among what is read, too.
Batch relabelled(Batch batch, const Subset& subset, const Tensor& labels) {
  if (subset.dataset->is_sequence()) {
    const Subset same = subset.with_rows(batch.rows).with_targets(labels);
    const Batch changed = same.batch(0, batch.size(), batch.inputs.scalar_type());
    batch.inputs = changed.inputs;
    batch.targets = changed.targets;
  } else {
    batch.targets = labels;
  }
  return batch;
}

}  // namespace

void descend_on_random_labels(Descent& descent, const Task& task,
                              const RandomLabelSettings& settings, Context& context) {
  require_classes(task, "random labels");
  Generator labels = context.generator.stream("labels");
  const std::int64_t classes = task.forget.dataset->outputs;
  if (!settings.each_time) {
    const Tensor truth = task.forget.dataset->targets.index_select(0, task.forget.rows);
    const Subset relabelled = task.forget.with_targets(other_labels(truth, classes, labels));
    BatchStream all =
        descent.batches(relabelled.with_rows(rows_union(task.forget.rows, task.retain.rows)));
    while (descent.next_epoch()) {
      for (const Batch& batch : all) descent.step(descent.loss(batch));
    }
    return;
  }
  BatchStream retain = descent.batches(task.retain), forget = descent.batches(task.forget);
  descent.steps_per_epoch(retain.batches() + forget.batches());
  while (descent.next_epoch()) {
    for (const Batch& batch : forget) {
      const Tensor drawn = random_labels(batch.size(), classes, labels);
      descent.step(descent.loss(relabelled(batch, task.forget, drawn)));
    }
    for (const Batch& batch : retain) descent.step(descent.loss(batch));
  }
}

}  // namespace oubli
