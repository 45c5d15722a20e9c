// How often a model is right: what methods stop by.
#pragma once

#include "core/base/context.h"
#include "core/train/objective.h"

namespace oubli {

// Share of the examples whose class has the highest score, ties to the lowest class; 0 for an empty
// set. Classes only. Cost: a forward pass for each example.
double accuracy(const Model& model, const Subset& subset, const Objective& objective,
                CostMeter& cost);

}  // namespace oubli
