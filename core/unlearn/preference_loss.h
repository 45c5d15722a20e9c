// The loss of a preference: small where the margin by which something is preferred is large.
//
//   l(m) = -(2 / beta) ln sigmoid(beta m),   dl/dm = -2 / (1 + exp(beta m))
//
// (2 ln 2) / beta with slope -1 at m = 0, above 0 everywhere, slope 0 where m is large. DPO's
// margin is that of two answers' log-ratios to a reference model; NPO's how much less likely an
// answer is than it was; SimNPO's how unlikely it is. The factor 2 / beta makes the slope at 0 that
// of -m, whatever beta. Source: Rafailov et al. 2023 (arXiv 2305.18290); Zhang et al. 2024 (arXiv
// 2404.05868) for the factor.
#pragma once

#include <ATen/ATen.h>

#include "core/base/tensor.h"

namespace oubli {

inline Tensor preference_loss(const Tensor& margin, double beta) {
  return at::log_sigmoid(beta * margin) * (-2 / beta);
}

}  // namespace oubli
