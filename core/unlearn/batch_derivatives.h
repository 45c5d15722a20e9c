// The mean loss over one batch at one theta, and its first and second derivatives: for methods that
// go along a training run, where every batch has a theta of its own.
//
//   g = (1/b) sum_i grad l_i     H v = (1/b) sum_i hess l_i v     grad l_i for each i
//
// The network is linearised once, in evaluation mode, as core/curvature/hessian.h does over a whole
// set. Without l2. Cost, counted here: one sample-gradient for each example when it is made, two
// for each product with the Hessian.
#pragma once

#include <memory>

#include "core/base/context.h"
#include "core/train/objective.h"

namespace oubli {

class BatchDerivatives {
 public:
  // Refers to the model, whose parameters must not change while it is used. Error(kUsage) for an
  // empty batch.
  BatchDerivatives(const Model& model, const Objective& objective, const Batch& batch,
                   CostMeter& cost);

  std::int64_t size() const { return outputs_.size(0); }
  const Tensor& gradient() const { return gradient_; }  // float64 [dim]
  Tensor example_gradients() const;                     // float64 [b, dim]
  Tensor hessian_times(const Tensor& v) const;          // float64 [dim], of v [dim]

 private:
  const Model& model_;
  Objective objective_;
  CostMeter& cost_;
  Tensor outputs_, targets_, gradient_;
  std::unique_ptr<LayerLinearisation> net_;
};

}  // namespace oubli
