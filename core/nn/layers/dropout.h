// Dropout, Srivastava et al. 2014: in training mode each value is zeroed with probability p and the
// others are divided by 1 - p; in evaluation mode it does nothing.
//
// Draws from the pass's generator; training mode without one throws Error(kUsage). The loss of a
// pass that draws has no curvature of its own: linearising it in training mode throws
// Error(kNumerics).
#pragma once

#include "core/nn/layer.h"

namespace oubli {

class Dropout : public Layer {
 public:
  // Throws Error(kUsage) unless 0 <= p < 1.
  explicit Dropout(double p);
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override { return p_ == 0; }

 private:
  double p_;
};

}  // namespace oubli
