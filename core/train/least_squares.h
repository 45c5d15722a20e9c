// The minimum of a linear model's squared error, in one solve: for closed-form checks, and for
// problems so ill-conditioned that descent takes thousands of steps.
//
//   theta = (X' W X / sum w + l2 I)^-1 X' W Y / sum w
//
// X the inputs, with a column of ones for a bias, which l2 holds as it holds every parameter.
// Float64 sums and Cholesky factor. Cost: n sample-gradients as counted, n d^2 multiply-adds.
#pragma once

#include "core/base/context.h"
#include "core/train/objective.h"

namespace oubli {

// Whether there is such a minimum: a model of one weight and at most one bias, and that loss.
bool is_least_squares(const Model& model, const Objective& objective);

// Leaves the minimum in the model; the message is empty, or says that there is more than one, which
// leaves that of least norm. Error(kUsage) where it is no least squares.
std::string solve_least_squares(Model& model, const Subset& subset, const Objective& objective,
                                CostMeter& cost);

}  // namespace oubli
