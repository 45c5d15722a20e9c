#include "core/evaluate/relearning.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "core/evaluate/predictions.h"

namespace oubli {

RelearningSettings RelearningSettings::read(const Settings& parent) {
  const Settings settings =
      parent.child("relearn", "training again on D, for the metric relearning");
  RelearningSettings result;
  result.epochs = settings.integer(
      "epochs",
      {.default_value = 20, .at_least = 1, .doc = "after which a model counts as not there"});
  result.lr =
      settings.real("lr", {.default_value = 0.01, .above = 0, .doc = "step size of plain SGD"});
  return result;
}

Relearning relearn(Model& model, const Subset& train_set, const Subset& forget,
                   const TrainingRecipe& recipe, const RelearningSettings& settings,
                   Context& context) {
  TrainingRecipe epoch;
  epoch.objective.loss = recipe.objective.loss;
  epoch.optimizer.lr = settings.lr;
  epoch.batch_size = recipe.optimizer.is_full_batch() ? epoch.batch_size : recipe.batch_size;
  epoch.drop_last = recipe.drop_last;
  epoch.epochs = 1;
  const Objective& objective = epoch.objective;
  Relearning curve;
  const auto look = [&] {
    const Predictions predictions(forget.dataset, objective.loss_of_scores(),
                                  model_outputs(model, forget, objective, context.cost),
                                  forget.rows);
    curve.forget_loss.push_back(
        predictions.losses().index_select(0, forget.rows).mean().item<double>());
    if (forget.dataset->is_classification()) {
      curve.forget_accuracy.push_back(predictions.accuracy(forget.rows));
    }
  };
  look();
  for (std::int64_t e = 0; e < settings.epochs && std::isfinite(curve.forget_loss.back()); ++e) {
    // One epoch at a time is the whole run: without momentum the optimiser carries nothing over.
    Context part(context.generator.stream(fmt::format("epoch {}", e)).seed());
    train(model, train_set, epoch, part);
    context.cost.add_gradients(train_set.size());
    context.progress(static_cast<double>(e + 1) / static_cast<double>(settings.epochs));
    look();
  }
  return curve;
}

}  // namespace oubli
