// The gradient that one training step descends: of the mean loss over a batch plus the regulariser,
// in all parameters, as one flat vector.
//
//   g = (1 / b) sum_i w_i dl_i / dtheta + l2 theta,   w_i = 1 unless the batch carries weights
//
// For batches of a subset with weights to descend its objective on average, the weights' mean over
// the subset must be 1, as Subset::with_unit_mean_weights() makes it.
//
// Where all layers have rules for training (Layer::trains_by_rule) the gradient is the adjoint of
// the linearised network, written where it belongs; elsewhere, as with batch normalisation in
// training mode, it is LibTorch's automatic differentiation. The two agree to rounding. On a small
// network recording a graph and walking it costs as much as the arithmetic.
//
// Cost: one sample-gradient for each example, counted by the caller.
#pragma once

#include "core/train/objective.h"

namespace oubli {

class BatchGradient {
 public:
  enum class Way { kRules, kAutomatic };

  // Follows the model's parameters, which may change between calls; both must outlive it.
  BatchGradient(const Model& model, const Objective& objective)
      : BatchGradient(model, objective, model.trains_by_rule() ? Way::kRules : Way::kAutomatic) {}
  // kRules: Error(kNumerics) where a layer cannot be linearised in training mode.
  BatchGradient(const Model& model, const Objective& objective, Way way);

  // [dim], valid until the next call. Dropout draws from the generator.
  const Tensor& at(const Batch& batch, Generator& dropout);

 private:
  void by_rules(const Batch& batch);
  void automatically(const Batch& batch, Generator& dropout);

  const Model& model_;
  const Objective& objective_;
  Way way_;
  Tensor gradient_;
  Tensors pieces_;  // views into the gradient, shaped as the parameters
};

}  // namespace oubli
