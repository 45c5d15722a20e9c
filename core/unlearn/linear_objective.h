// The objective of a linear model over a set, in float64, with its inputs in memory: for methods
// that take many steps over the whole set, and whose gradients of single examples are bounded.
//
//   g(W) = (1/n) sum_i clip(x_i r_i') + l2 W,   r_i the loss's gradient in the outputs x_i'W
//
// clip(v) = v min(1, clip / |v|), where |x_i r_i'| = |x_i| |r_i|. Examples have no weights.
// Memory: 8 n d bytes, d the inputs with the bias. Cost: one sample-gradient for each example.
#pragma once

#include <limits>

#include "core/nn/linear_weights.h"
#include "core/train/objective.h"

namespace oubli {

class LinearObjective {
 public:
  LinearObjective(const LinearWeights& weights, const Subset& subset, const Objective& objective);

  std::int64_t size() const { return inputs_.size(0); }
  // Of J at the parameters w, [d, outputs].
  Tensor gradient(const Tensor& w, CostMeter& cost,
                  double clip = std::numeric_limits<double>::infinity()) const;

 private:
  Objective objective_;
  Tensor inputs_;   // [n, d]
  Tensor lengths_;  // [n, 1]
  Tensor targets_;
};

}  // namespace oubli
