// Moving inputs: gradients of the loss in what a network is shown.
#pragma once

#include "core/base/context.h"
#include "core/train/objective.h"

namespace oubli {

// d l(f(x_b), y_b) / d x_b for each example of a batch of normalised inputs, shaped as they are,
// and the outputs. Evaluation mode. Cost: two products for each example.
struct InputGradients {
  Tensor outputs;    // [b, outputs]
  Tensor gradients;  // [b, ...]
};
InputGradients input_gradients(const Model& model, const Objective& objective, const Tensor& inputs,
                               const Tensor& targets, CostMeter& cost);

// The interval of the values that a set's images have, for each channel, normalised: where changed
// images stay. Tables have none: their columns have no common scale.
struct InputRange {
  Tensor low, high;  // [1, channels, 1, 1], undefined for tables

  // Of values: high - low for images, 1 (a deviation) for tables.
  Tensor width() const;
  Tensor clamp(const Tensor& inputs) const;
};
InputRange input_range(const Subset& subset, at::ScalarType dtype);

}  // namespace oubli
