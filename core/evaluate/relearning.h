// Relearning: how a model takes the forget set up again when it is trained on all of D. What was
// only hidden comes back sooner than what a model never knew (Golatkar et al. 2020b).
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/context.h"
#include "core/base/settings.h"
#include "core/data/dataset.h"
#include "core/nn/model.h"
#include "core/train/trainer.h"

namespace oubli {

// On the forget set, entry e after e epochs; entry 0 is the model as it was.
struct Relearning {
  std::vector<double> forget_loss;
  std::vector<double> forget_accuracy;  // empty for a regression
};

// Plain stochastic gradient descent: no momentum, decay, schedule or augmentation, so that nothing
// but the parameters carries over from how a model came about.
struct RelearningSettings {
  std::int64_t epochs = 20;
  double lr = 0.01;

  static RelearningSettings read(const Settings& parent);  // `relearn: {epochs: 20, lr: 0.01}`
};

// Trains the model on `train` with the recipe's loss and batch size; it is another model
// afterwards. Stops early where the loss is no longer finite: the curve then ends there, in a value
// that is not a number. Cost: epochs * |train| sample-gradients, on the context's meter.
Relearning relearn(Model& model, const Subset& train, const Subset& forget,
                   const TrainingRecipe& recipe, const RelearningSettings& settings,
                   Context& context);

}  // namespace oubli
