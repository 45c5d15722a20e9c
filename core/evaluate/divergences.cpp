#include "core/evaluate/divergences.h"

#include <ATen/ATen.h>

#include <numbers>

namespace oubli {

Tensor kl_terms(const Tensor& log_q, const Tensor& log_p) { return log_q.exp() * (log_q - log_p); }

Tensor log_mixture(const Tensor& log_p, const Tensor& log_q) {
  return at::logaddexp(log_p, log_q) - std::numbers::ln2;
}

Tensor kl_divergence(const Tensor& log_q, const Tensor& log_p) {
  return kl_terms(log_q, log_p).sum(1).clamp_min(0);
}

Tensor js_divergence(const Tensor& log_p, const Tensor& log_q) {
  const Tensor log_m = log_mixture(log_p, log_q);
  return (0.5 * (kl_terms(log_p, log_m).sum(1) + kl_terms(log_q, log_m).sum(1))).clamp_min(0);
}

}  // namespace oubli
