#include "core/unlearn/watched_training.h"

#include "core/unlearn/training_by_steps.h"

namespace oubli {
namespace {

DescentReport descend(Model& model, const Subset& subset, const TrainingRecipe& recipe,
                      Context& context, const std::function<void(std::int64_t)>& begin,
                      const std::function<void(const WatchedStep&)>& look) {
  Descent descent(model, recipe, context);
  BatchStream batches = descent.batches(subset);
  begin(batches.batches());
  while (descent.next_epoch()) {
    for (const Batch& batch : batches) {
      const StepState state = descent.next_step();
      Tensor& gradient = descent.gradient(descent.loss(batch));
      look({batch, gradient, state.lr, state.step});
      descent.step_along(gradient);
    }
  }
  return descent.report();
}

}  // namespace

TrainingReport train_watched(Model& model, const Subset& subset, const TrainingRecipe& recipe,
                             Context& context, const std::function<void(std::int64_t)>& begin,
                             const std::function<void(const WatchedStep&)>& look) {
  return train_by_steps(model, subset, recipe, context,
                        [&] { return descend(model, subset, recipe, context, begin, look); });
}

}  // namespace oubli
