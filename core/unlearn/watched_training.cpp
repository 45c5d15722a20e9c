#include "core/unlearn/watched_training.h"

#include <chrono>

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
  if (subset.empty()) throw Error(ErrorKind::kUsage, "training needs at least one example");
  const auto start = std::chrono::steady_clock::now();
  const double cost_before = context.cost.sample_gradients();
  Generator initialisation = context.generator.stream("initialisation");
  model.initialise(initialisation);
  const DescentReport descent = descend(model, subset, recipe, context, begin, look);
  // Looks at where it ended, and takes no step.
  TrainingRecipe ended = recipe;
  ended.epochs = 0;
  TrainingReport report = train(model, subset, ended, context);
  if (report.usable() || !descent.usable()) static_cast<DescentReport&>(report) = descent;
  report.sample_gradients = context.cost.sample_gradients() - cost_before;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace oubli
