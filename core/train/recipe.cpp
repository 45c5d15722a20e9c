#include "core/train/recipe.h"

namespace oubli {

TrainingRecipe TrainingRecipe::read(const Settings& settings) {
  TrainingRecipe recipe;
  const std::string loss =
      settings.choice("loss", {.default_value = "cross_entropy",
                               .valid = {"cross_entropy", "squared_error", "binary_logistic"},
                               .doc = "loss of one example; binary_logistic "
                                      "is for two classes and one output"});
  recipe.objective.loss = loss == "cross_entropy"   ? LossKind::kCrossEntropy
                          : loss == "squared_error" ? LossKind::kSquaredError
                                                    : LossKind::kBinaryLogistic;
  recipe.objective.l2 = settings.real(
      "l2", {.default_value = 0, .at_least = 0, .doc = "lambda of (lambda/2) ||theta||^2"});
  recipe.optimizer = OptimizerSettings::read(settings);
  if (recipe.optimizer.is_full_batch()) return recipe;
  recipe.schedule = Schedule::read(settings);
  recipe.epochs = settings.integer(
      "epochs", {.at_least = 0, .at_most = 1'000'000, .doc = "passes over the set"});
  recipe.batch_size = settings.integer(
      "batch_size", {.default_value = 128, .at_least = 1, .doc = "examples in one step"});
  recipe.drop_last = settings.flag(
      "drop_last", {.default_value = false, .doc = "leave a smaller last batch out of each epoch"});
  recipe.clip_norm = settings.real(
      "clip_norm",
      {.default_value = 0, .at_least = 0, .doc = "largest gradient norm; 0 for no limit"});
  recipe.augmentation = Augmentation::read(settings);
  return recipe;
}

}  // namespace oubli
