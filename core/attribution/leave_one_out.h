// What leaving one training example out does in truth: training again without it, with everything
// else as it was.
//
// Training by steps starts where the model's own training did and takes the same batches in the
// same order, each without the example: b - 1 others make the batch's mean. Dropout draws what it
// drew; batch normalisation still sees the example. Training on the whole set (L-BFGS, least
// squares) goes on from the model to the minimum without it. In both the regulariser's total
// strength stays what it was, l2 n of n - 1 examples, as influence functions have it; the method
// `retrain` keeps l2 for the mean instead. Source: Koh and Liang 2017 (arXiv 1703.04730), section
// 5.1.
#pragma once

#include "core/base/context.h"
#include "core/nn/model.h"
#include "core/train/recipe.h"

namespace oubli {

// `model` was trained on `train` by `recipe`, drawing from `training` (train_from_start);
// `position` is the example's in the set. Error(kUsage) where it is the only one, Error(kTask) for
// weights, Error(kNumerics) where training diverges. Cost: that of training.
Model trained_without(const Model& model, const Subset& train, std::int64_t position,
                      const TrainingRecipe& recipe, const Generator& training, Context& context);

}  // namespace oubli
