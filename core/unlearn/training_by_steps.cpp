#include "core/unlearn/training_by_steps.h"

#include <chrono>

namespace oubli {

TrainingReport train_by_steps(Model& model, const Subset& subset, const TrainingRecipe& recipe,
                              Context& context,
                              const std::function<std::optional<DescentReport>()>& take) {
  if (subset.empty()) throw Error(ErrorKind::kUsage, "training needs at least one example");
  const auto start = std::chrono::steady_clock::now();
  const double cost_before = context.cost.sample_gradients();
  Generator initialisation = context.generator.stream("initialisation");
  model.initialise(initialisation);
  const std::optional<DescentReport> taken = take();
  if (!taken) return train(model, subset, recipe, context);
  // Looks at where it ended, and takes no step.
  TrainingRecipe ended = recipe;
  ended.optimizer = {};
  ended.epochs = 0;
  TrainingReport report = train(model, subset, ended, context);
  if (report.usable() || !taken->usable()) static_cast<DescentReport&>(report) = *taken;
  report.sample_gradients = context.cost.sample_gradients() - cost_before;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace oubli
