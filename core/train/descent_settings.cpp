#include "core/train/descent_settings.h"

namespace oubli {

DescentSettings DescentSettings::read(const Settings& settings, const DescentSettings& defaults,
                                      const std::string& set) {
  DescentSettings s = defaults;
  s.epochs = settings.integer("epochs", {.default_value = defaults.epochs,
                                         .at_least = 0,
                                         .at_most = 1'000'000,
                                         .doc = "passes over " + set});
  s.lr = settings.real(
      "lr", {.default_value = defaults.lr, .above = 0, .doc = "learning rate at the start"});
  s.optimizer = settings.choice("optimizer", {.default_value = defaults.optimizer,
                                              .valid = {"sgd", "adam", "adamw"},
                                              .doc = "what turns gradients into steps"});
  if (s.optimizer == "sgd" || settings.is_describing()) {
    s.momentum = settings.real("momentum", {.default_value = defaults.momentum,
                                            .at_least = 0,
                                            .below = 1,
                                            .doc = "sgd: share of the last step kept"});
  }
  if (s.optimizer == "adamw" || settings.is_describing()) {
    s.weight_decay = settings.real(
        "weight_decay",
        {.default_value = defaults.weight_decay, .at_least = 0, .doc = "adamw: decoupled decay"});
  }
  s.batch_size = settings.integer("batch_size", {.default_value = defaults.batch_size,
                                                 .at_least = 0,
                                                 .doc = "examples in one step; 0: as in training"});
  s.schedule = Schedule::read(settings, defaults.schedule);
  return s;
}

TrainingRecipe DescentSettings::recipe(const TrainingRecipe& training) const {
  TrainingRecipe recipe = training;
  recipe.optimizer = {
      .name = optimizer, .lr = lr, .momentum = momentum, .weight_decay = weight_decay};
  recipe.schedule = schedule;
  recipe.epochs = epochs;
  if (batch_size > 0) recipe.batch_size = batch_size;
  // Its batches are as many as those of training, and of a small set hardly filled.
  recipe.shared_order = false;
  return recipe;
}

}  // namespace oubli
