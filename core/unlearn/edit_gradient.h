// The gradient of what an edit takes away: the forget set's sum minus the added set's, over a size,
//
//   (1/n) (sum_{D_u} w grad l - sum_{D_a} w grad l),
//
// with l2 of the objective once for each unit of weight. Newton steps of form removed_gradient
// start from it with the training objective, influence steps with its loss alone, l2 being 0.
// Float64 [dim]; zero for an edit of nothing. Cost: one sample-gradient for each example edited.
#pragma once

#include "core/base/context.h"
#include "core/unlearn/task.h"

namespace oubli {

Tensor edit_gradient(const Model& model, const Task& task, const Objective& objective, double n,
                     CostMeter& cost);

}  // namespace oubli
