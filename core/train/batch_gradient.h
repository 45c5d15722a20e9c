// The gradient of a sum of mean losses over batches in all parameters, as one flat vector; without
// the regulariser, which is no mean over a batch.
//
//   g = sum_k (c_k / b_k) sum_i w_i dl_i / dtheta,   w_i = 1 unless the batch carries weights
//
// Where all layers have rules for training (Layer::trains_by_rule) the gradient is the adjoint of
// the linearised network, written where it belongs, and only a loss of one's own is differentiated,
// in the outputs; elsewhere, as with batch normalisation in training mode, all of it is LibTorch's
// automatic differentiation. The two agree to rounding. On a small network recording a graph and
// walking it costs as much as the arithmetic. In evaluation mode all layers can be linearised.
//
// Cost: one sample-gradient for each example of each part, counted by the caller.
#pragma once

#include "core/base/random.h"
#include "core/nn/model.h"
#include "core/train/loss_term.h"
#include "core/train/objective.h"

namespace oubli {

class BatchGradient {
 public:
  enum class Way { kRules, kAutomatic };

  // Follows the model's parameters, which may change between calls; both must outlive it.
  BatchGradient(const Model& model, const Objective& objective, PassMode mode = PassMode::kTraining)
      : BatchGradient(model, objective, way_of(model, mode), mode) {}
  // kRules: Error(kNumerics) where a layer cannot be linearised in training mode.
  BatchGradient(const Model& model, const Objective& objective, Way way,
                PassMode mode = PassMode::kTraining);

  // [dim], valid until the next call, and free to be changed. Parts of weight 0 are left out.
  // Dropout draws from the generator. `value`, where given, receives the term's.
  Tensor& at(const LossTerm& term, Generator& dropout, double* value = nullptr);

 private:
  static Way way_of(const Model& model, PassMode mode) {
    return mode == PassMode::kEvaluation || model.trains_by_rule() ? Way::kRules : Way::kAutomatic;
  }
  void add_by_rules(const LossTerm::Part& part, double* value);
  void automatically(const LossTerm& term, Generator& dropout, double* value);

  const Model& model_;
  const Objective& objective_;
  Way way_;
  PassMode mode_;
  Tensor gradient_;
  Tensors pieces_;  // views into the gradient, shaped as the parameters
};

}  // namespace oubli
