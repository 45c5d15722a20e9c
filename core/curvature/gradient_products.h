// How each example's loss changes along one direction of the parameters:
//
//   s_i = d l(x_i, y_i; theta)' v,  for every example i of a set,
//
// without forming a gradient per example: the outputs' tangent J_i v, times the loss's gradient in
// the outputs. The regulariser is not part of an example's loss. Evaluation mode.
//
// Returns float64 [n], or [n, k] for k directions. Error(kNumerics) where a value is not finite.
// Cost: one sample-gradient for each example, and for each further direction two thirds.
#pragma once

#include "core/base/context.h"
#include "core/train/objective.h"

namespace oubli {

// v: float64 [dim] or [dim, k].
Tensor gradient_products(const Model& model, const Subset& subset, const Objective& objective,
                         const Tensor& v, CostMeter& cost,
                         std::int64_t batch_size = kEvaluationBatch);

}  // namespace oubli
