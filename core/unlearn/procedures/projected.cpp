// Gradient descent over the whole set, inside a ball, with noise or without
// (core/unlearn/projected_descent.h). Settings: steps, radius, sigma, clip, room. Record: the run,
// with its constants and its end in float64. Of a model whose constants are not known the record
// says why, and the recipe trains it.
#include "core/unlearn/procedures/procedure.h"
#include "core/unlearn/projected_descent.h"
#include "core/unlearn/training_by_steps.h"

namespace oubli {

TrainingReport projected_training(Model& model, const Subset& subset, const TrainingPlan& plan,
                                  Context& context, MethodState& record) {
  const ProjectedSettings settings = ProjectedSettings::of(plan.settings);
  return train_by_steps(model, subset, plan.recipe, context, [&]() -> std::optional<DescentReport> {
    const ProjectedRun run =
        descend_projected(model, subset, plan.recipe.objective, settings, context);
    record = run.to_state();
    if (!run.unknown.empty()) return std::nullopt;
    return DescentReport{run.is_stopped ? TrainingStatus::kStopped : TrainingStatus::kCompleted, "",
                         static_cast<double>(settings.steps)};
  });
}

}  // namespace oubli
