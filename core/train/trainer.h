// Training: from a recipe, a set and a generator to trained parameters. The original model, every
// oracle and every method that fine-tunes go through here, so that they cannot differ in details.
#pragma once

#include "core/base/context.h"
#include "core/data/dataset.h"
#include "core/nn/model.h"
#include "core/train/descent.h"
#include "core/train/recipe.h"
#include "core/train/training_report.h"

namespace oubli {

// Minimises the recipe's objective over `subset`, starting from the model's parameters: in the
// steps of a Descent (descent.h), with `changes` to them, or by L-BFGS over the whole set, which
// takes no change but a linear term and what may move, or by one solve (least_squares.h), which
// takes none: Error(kUsage). A non-finite parameter or
// objective ends with the status Diverged. Full-batch training without a regulariser that
// classifies all examples ends with NoMinimum: larger outputs, such as a last linear layer gives
// when it grows, lower the loss without end. The evaluation of the closing loss and gradient norm
// is not counted as cost.
TrainingReport train(Model& model, const Subset& subset, const TrainingRecipe& recipe,
                     Context& context, const StepChanges& changes = {});

}  // namespace oubli
