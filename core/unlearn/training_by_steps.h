// Training from the start by a procedure's own steps, with the report that training gives.
#pragma once

#include <functional>
#include <optional>

#include "core/train/trainer.h"

namespace oubli {

// `take` moves the model from the parameters drawn, and says how that ended; none where it took no
// step, and the recipe is to train the model.
TrainingReport train_by_steps(Model& model, const Subset& subset, const TrainingRecipe& recipe,
                              Context& context,
                              const std::function<std::optional<DescentReport>()>& take);

}  // namespace oubli
