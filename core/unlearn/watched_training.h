// Training from the start as train_from_start does it, bit for bit, with a look at each step before
// it is taken: for procedures that write training down.
#pragma once

#include <functional>

#include "core/train/trainer.h"

namespace oubli {

// `gradient` is of the mean loss over the batch at the model's present parameters, without l2;
// `rate` has the schedule in it.
struct WatchedStep {
  const Batch& batch;
  const Tensor& gradient;
  double rate = 0;
  std::int64_t number = 0;  // from 0, over all epochs
};

// `begin` is called once, when parameters are drawn, with the number of batches of an epoch.
// Error(kUsage) for a recipe of L-BFGS, which takes no such steps.
TrainingReport train_watched(Model& model, const Subset& subset, const TrainingRecipe& recipe,
                             Context& context, const std::function<void(std::int64_t)>& begin,
                             const std::function<void(const WatchedStep&)>& look);

}  // namespace oubli
