// Causal self-attention between the positions of a sequence.
#pragma once

#include "core/nn/layer.h"

namespace oubli {

// From queries, keys and values side by side, x [b, positions, 3 features], to [b, positions,
// features]. Of each head h with e = features / heads numbers of each:
//
//   o_t = sum_{s <= t} p_ts v_s,   p_t = softmax_{s <= t}(q_t' k_s / sqrt(e))
//
// Source: Vaswani et al. 2017, equation 1, with the mask of Radford et al. 2019. What makes
// queries, keys and values of the input, and what mixes the heads, are Linear layers around it.
// Cost: two products of positions x positions x e for each head and pass. Throws Error(kUsage)
// where the heads do not divide the features.
class CausalAttention : public Layer {
 public:
  explicit CausalAttention(std::int64_t heads) : heads_(heads) {}
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override { return true; }

 private:
  std::int64_t heads_;
};

}  // namespace oubli
