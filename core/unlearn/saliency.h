// Which parameters a set's loss depends on: what masks are made of.
#pragma once

#include "core/base/context.h"
#include "core/train/objective.h"

namespace oubli {

// | sum over the set's batches, in its order, of the gradient of the mean loss |, float64 [dim], in
// evaluation mode and without l2. A smaller last batch counts as much as the others, as in the
// released code of SalUn. Cost: one sample-gradient for each example.
Tensor gradient_saliency(const Model& model, const Subset& subset, const Objective& objective,
                         std::int64_t batch_size, CostMeter& cost);

// The share of the places with the largest values, rounded down, as bool; of equal values those
// that come first.
Tensor largest(const Tensor& values, double share);

}  // namespace oubli
