// How unlikely the original found each sequence: what losses of preferences compare a model with.
//
//   -ln p_o(y | x) = sum over the asked tokens of the original's losses
//
// The original does not change, so this is one number for each sequence, computed once and looked
// up in each epoch. Cost: a forward pass for each example.
#pragma once

#include "core/base/context.h"
#include "core/nn/model.h"
#include "core/unlearn/token_losses.h"

namespace oubli {

class ReferenceLosses {
 public:
  // Evaluation mode.
  ReferenceLosses(const Model& original, const Subset& set, AskedTokens asked, Context& context);

  Tensor of(const Batch& batch) const { return by_row_.index_select(0, batch.rows); }  // [b]

 private:
  Tensor by_row_;  // of the data set
};

}  // namespace oubli
