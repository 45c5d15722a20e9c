// Divergences between predictions, from log-probabilities, so that they are finite and no
// probability underflows. In nats; log_p, log_q [n, classes].
//   KL(q || p) = sum_c q_c ln(q_c / p_c)
//   JS(p, q)   = (KL(p || m) + KL(q || m)) / 2,  m = (p + q) / 2; in [0, ln 2]
// Sources: Kullback and Leibler 1951; Lin 1991. Cost: O(n classes).
#pragma once

#include "core/base/tensor.h"

namespace oubli {

// The summands of KL(q || p) [n, classes].
Tensor kl_terms(const Tensor& log_q, const Tensor& log_p);
Tensor log_mixture(const Tensor& log_p, const Tensor& log_q);  // ln m

// For each example [n], at least 0 whatever rounding does.
Tensor kl_divergence(const Tensor& log_q, const Tensor& log_p);
Tensor js_divergence(const Tensor& log_p, const Tensor& log_q);

}  // namespace oubli
