// The recipe, from random parameters, with every step written down: parameters, rows of the batch
// and rate, and, where the plan says `gradients`, the mean gradient without l2
// (core/unlearn/training_trajectory.h). The parameters are those of `standard`, bit for bit.
// Settings: gradients, memory (MB). Record: a Trajectory. Errors: Error(kUsage) where it is larger
// than that, and for L-BFGS, which has no batches. Cost: that of training.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "core/unlearn/procedures/procedure.h"
#include "core/unlearn/training_trajectory.h"
#include "core/unlearn/watched_training.h"

namespace oubli {
namespace {

// Space for so many steps, and for all that the plan asks for.
Trajectory allotted(const Model& model, std::int64_t steps, const TrainingPlan& plan) {
  const bool gradients = plan.settings.at("gradients").get<bool>();
  const auto vectors = static_cast<double>((gradients ? 2 : 1) * steps + 1);
  require_room(vectors * static_cast<double>(model.theta().nbytes()),
               plan.settings.at("memory").get<std::int64_t>(),
               fmt::format("the trajectory of {} steps of {} parameters", steps, model.dim()));
  Trajectory kept;
  kept.thetas = at::empty({steps + 1, model.dim()}, model.theta().options());
  if (gradients) kept.gradients = at::empty({steps, model.dim()}, model.theta().options());
  kept.rates = at::zeros({steps}, at::kDouble);
  return kept;
}

// Drops the space of steps that were not taken.
void cut(Trajectory& kept, std::int64_t steps) {
  kept.thetas = kept.thetas.narrow(0, 0, steps + 1);
  if (kept.gradients.defined()) kept.gradients = kept.gradients.narrow(0, 0, steps);
  kept.rates = kept.rates.narrow(0, 0, steps);
}

}  // namespace

TrainingReport trajectory_training(Model& model, const Subset& subset, const TrainingPlan& plan,
                                   Context& context, MethodState& record) {
  Trajectory kept;
  Tensors rows;
  std::vector<std::int64_t> sizes;
  const TrainingReport report = train_watched(
      model, subset, plan.recipe, context,
      [&](std::int64_t batches) {
        kept = allotted(model, batches * plan.recipe.epochs, plan);
        kept.steps_per_epoch = batches;
      },
      [&](const WatchedStep& step) {
        const at::NoGradGuard no_grad;
        rows.push_back(step.batch.rows.clone());
        sizes.push_back(step.batch.size());
        kept.rates[step.number] = step.rate;
        kept.thetas[step.number].copy_(model.theta());
        if (kept.gradients.defined()) kept.gradients[step.number].copy_(step.gradient);
      });
  const auto steps = static_cast<std::int64_t>(sizes.size());
  cut(kept, steps);
  kept.thetas[steps].copy_(model.theta().detach());
  kept.rows = rows.empty() ? at::empty({0}, at::kLong) : at::cat(rows);
  kept.sizes = at::tensor(sizes, at::kLong);
  record = kept.to_state();
  return report;
}

}  // namespace oubli
