// Gradient descent over the whole set, with the parameters of a step before the end written down
// (core/unlearn/rewindable_training.h). Settings: steps, rewind, eta, smoothness, lipschitz.
// Record: those parameters and the constants. Where constants are not known the record says why,
// and the recipe trains the model.
#include "core/unlearn/procedures/procedure.h"
#include "core/unlearn/rewindable_training.h"
#include "core/unlearn/training_by_steps.h"

namespace oubli {

TrainingReport rewindable_training(Model& model, const Subset& subset, const TrainingPlan& plan,
                                   Context& context, MethodState& record) {
  const RewindSettings settings = RewindSettings::of(plan.settings);
  return train_by_steps(model, subset, plan.recipe, context, [&]() -> std::optional<DescentReport> {
    const RewindPoint point =
        descend_rewindable(model, subset, plan.recipe.objective, settings, context);
    record = point.to_state();
    if (!point.unknown.empty()) return std::nullopt;
    return DescentReport{point.is_stopped ? TrainingStatus::kStopped : TrainingStatus::kCompleted,
                         "", static_cast<double>(settings.steps)};
  });
}

}  // namespace oubli
