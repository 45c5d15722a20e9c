// How each example's loss changes along one direction of the parameters:
//
//   s_i = d l(x_i, y_i; theta)' v,  for every example i of a set,
//
// without forming a gradient per example: the gradient of sum_i w_i l_i is linear in w, so its
// product with v, differentiated in w at any w, is s. Works for every layer that can be
// differentiated twice. The regulariser is not part of an example's loss. Evaluation mode.
//
// Returns float64 [n]. Error(kNumerics) where a value is not finite. Cost: two sample-gradients for
// each example.
#pragma once

#include "core/base/context.h"
#include "core/train/objective.h"

namespace oubli {

// v: float64 [dim].
Tensor gradient_products(const Model& model, const Subset& subset, const Objective& objective,
                         const Tensor& v, CostMeter& cost,
                         std::int64_t batch_size = kEvaluationBatch);

}  // namespace oubli
