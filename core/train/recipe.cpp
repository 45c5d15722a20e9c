#include "core/train/recipe.h"

namespace oubli {

TrainingRecipe TrainingRecipe::read(const Settings& settings) {
  TrainingRecipe recipe;
  const std::string loss = settings.choice(
      "loss", {.default_value = "cross_entropy",
               .valid = {"cross_entropy", "squared_error", "binary_logistic", "one_against_rest"},
               .doc = "loss of one example; binary_logistic is for two classes and "
                      "one output, one_against_rest a logistic loss for each class "
                      "against all others"});
  recipe.objective.loss = loss == "cross_entropy"     ? LossKind::kCrossEntropy
                          : loss == "squared_error"   ? LossKind::kSquaredError
                          : loss == "binary_logistic" ? LossKind::kBinaryLogistic
                                                      : LossKind::kOneAgainstRest;
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
  recipe.shared_order = settings.flag(
      "shared_order", {.default_value = false,
                       .doc = "the order of an epoch depends on the rows alone, so that a model "
                              "retrained from the same start sees all others in the same batches"});
  recipe.clip_norm = settings.real(
      "clip_norm",
      {.default_value = 0, .at_least = 0, .doc = "largest gradient norm; 0 for no limit"});
  recipe.augmentation = Augmentation::read(settings);
  return recipe;
}

Json TrainingRecipe::to_json() const {
  Json json = {{"loss", static_cast<int>(objective.loss)},
               {"l2", objective.l2},
               {"optimizer",
                {{"name", optimizer.name},
                 {"lr", optimizer.lr},
                 {"momentum", optimizer.momentum},
                 {"nesterov", optimizer.nesterov},
                 {"beta1", optimizer.beta1},
                 {"beta2", optimizer.beta2},
                 {"epsilon", optimizer.epsilon},
                 {"weight_decay", optimizer.weight_decay},
                 {"tolerance", optimizer.tolerance},
                 {"max_iterations", optimizer.max_iterations},
                 {"memory", optimizer.memory}}},
               {"schedule",
                {{"name", schedule.name},
                 {"every", schedule.every},
                 {"factor", schedule.factor},
                 {"milestones", schedule.milestones},
                 {"warm_up", schedule.warm_up},
                 {"start_divisor", schedule.start_divisor},
                 {"end_divisor", schedule.end_divisor}}},
               {"crop", augmentation.crop},
               {"flip", augmentation.flip},
               {"epochs", epochs},
               {"batch_size", batch_size},
               {"drop_last", drop_last},
               {"clip_norm", clip_norm}};
  if (schedule.rise != 0) json["schedule"]["rise"] = schedule.rise;
  if (shared_order) json["shared_order"] = true;
  return json;
}

}  // namespace oubli
