// The diagonal of the expected Fisher matrix over a set:
//
//   F_i = (1/n) sum_x sum_y p(y|x) (d log p(y|x) / d theta_i)^2
//
// with the labels' expectation taken exactly, one backward pass for each class, and each example's
// own gradient squared (layer rules: Layer::add_squared_gradients). The label of the data is not
// used: this is not the empirical Fisher. Cross-entropy models only; the regulariser is not
// included. Source: Martens 2020, equation for F; Golatkar et al. 2020, section 4.
//
// Deterministic, independent of batch sizes up to rounding. Errors: Error(kNumerics) for layers
// that mix examples. Cost: one sample-gradient for each example and class.
#pragma once

#include "core/base/context.h"
#include "core/data/dataset.h"
#include "core/nn/model.h"

namespace oubli {

// float64 [dim]
Tensor expected_fisher_diagonal(const Model& model, const Subset& subset, CostMeter& cost,
                                std::int64_t batch_size = 256);

}  // namespace oubli
