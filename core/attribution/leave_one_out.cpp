#include "core/attribution/leave_one_out.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/base/error.h"
#include "core/train/trainer.h"

namespace oubli {
namespace {

// The example keeps its place in the batch, so that dropout draws for the others what it drew, and
// has no weight; the others make the mean.
Batch without_row(const Batch& batch, std::int64_t row) {
  Batch rest = batch;
  const Tensor kept = batch.rows.ne(row);
  if (kept.all().item<bool>()) return rest;
  const auto b = static_cast<double>(batch.size());
  rest.weights = kept.to(batch.inputs.scalar_type()) * (b / (b - 1));
  return rest;
}

bool descend_without(Model& model, const Subset& train, std::int64_t row,
                     const TrainingRecipe& recipe, Context& context) {
  Generator initialisation = context.generator.stream("initialisation");
  model.initialise(initialisation);
  Descent descent(model, recipe, context);
  BatchStream batches = descent.batches(train);
  while (descent.next_epoch()) {
    for (const Batch& batch : batches) {
      const bool is_alone = batch.size() == 1 && batch.rows[0].item<std::int64_t>() == row;
      if (is_alone) continue;  // there is no step
      descent.step_along(descent.gradient(descent.loss(without_row(batch, row))));
    }
  }
  return descent.report().usable();
}

}  // namespace

Model trained_without(const Model& model, const Subset& train, std::int64_t position,
                      const TrainingRecipe& recipe, const Generator& training, Context& context) {
  if (train.size() < 2) {
    throw Error(ErrorKind::kUsage, "there is nothing to train on without the only example");
  }
  if (train.weights.defined()) {
    throw Error(ErrorKind::kTask, "examples that carry weights cannot be left out one by one");
  }
  const double n = static_cast<double>(train.size());
  TrainingRecipe without = recipe;
  without.objective.l2 *= n / (n - 1);
  const auto row = train.rows[position].item<std::int64_t>();
  Model again = model.clone();
  Context own(training.seed());
  own.stop = context.stop;
  bool is_usable = true;
  if (recipe.optimizer.is_full_batch()) {
    const Tensor rest = rows_difference(train.rows, at::full({1}, row, at::kLong));
    is_usable = oubli::train(again, train.with_rows(rest), without, own).usable();
  } else {
    is_usable = descend_without(again, train, row, without, own);
  }
  context.cost.add(own.cost);
  if (!is_usable) {
    throw Error(ErrorKind::kNumerics, fmt::format("training without row {} diverged", row));
  }
  return again;
}

}  // namespace oubli
