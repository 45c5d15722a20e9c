// Which inputs a network's weights see over a set, as sums of a a'.
//
// For a layer that multiplies by W at every position of its input, a W moves the layer's output at
// x by dW a, so that a change dW with dW A = 0, A = sum a a', leaves all outputs of the set as they
// are. What methods project their steps with.
//
// Of sequences the positions behind the last one that is asked for do not count: nothing asks what
// a layer puts out there. In evaluation mode, float64, weighted by samples. Errors: Error(kUsage)
// for an empty set. Cost: a forward pass and the product of the moments, counted as two products
// for each example.
#pragma once

#include <string>
#include <vector>

#include "core/base/context.h"
#include "core/data/dataset.h"
#include "core/nn/model.h"

namespace oubli {

struct InputMoment {
  std::string weight;       // its name
  std::int64_t offset = 0;  // of W in the flat vector, as [groups, out, in]
  std::int64_t groups = 1, out = 0, in = 0;
  Tensor moment;  // float64 [groups, in, in], the bias's constant left out

  // W in a flat vector [dim], a view of it.
  Tensor take(const Tensor& flat) const;
};

// Of a batch of sequences: 1 at the positions up to the last one that is asked for, which are those
// that gradients reach in a network that looks back alone, 0 behind them: [b, t]. Undefined where
// all are reached, and for other examples.
Tensor reached_positions(const Dataset& dataset, const Batch& batch);
// Weights of examples [b], undefined for all ones, and positions of a layer that are reached:
// weights of these [b, t]. The weights as they are for a layer with other positions.
Tensor weights_of_positions(const Tensor& weights, const Tensor& reached,
                            const KroneckerRules& rules);

// One for each weight that is used by one layer; a weight that several use has none.
std::vector<InputMoment> input_moments(const Model& model, const Subset& subset, CostMeter& cost);

}  // namespace oubli
