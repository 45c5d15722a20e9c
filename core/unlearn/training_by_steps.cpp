#include "core/unlearn/training_by_steps.h"

#include <chrono>

namespace oubli {

TrainingReport train_by_steps(Model& model, const Subset& subset, const TrainingPlan& plan,
                              Context& context, const std::function<StepsTaken()>& take) {
  if (subset.empty()) throw Error(ErrorKind::kUsage, "training needs at least one example");
  const auto start = std::chrono::steady_clock::now();
  const double cost_before = context.cost.sample_gradients();
  Generator initialisation = context.generator.stream("initialisation");
  model.initialise(initialisation);
  const StepsTaken taken = take();
  if (!taken.is_possible) return train(model, subset, plan.recipe, context);
  // Looks at where it ended, and takes no step.
  TrainingRecipe ended = plan.recipe;
  ended.optimizer = {};
  ended.epochs = 0;
  TrainingReport report = train(model, subset, ended, context);
  report.epochs = static_cast<double>(taken.steps);
  if (taken.is_stopped) report.status = TrainingStatus::kStopped;
  report.sample_gradients = context.cost.sample_gradients() - cost_before;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace oubli
