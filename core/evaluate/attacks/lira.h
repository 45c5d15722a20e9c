// LiRA: the likelihood-ratio membership attack (Carlini et al. 2022).
//
// For each example x, the scaled confidence phi of shadow models that were trained on x (in) and of
// those that were not (out) is taken as normal. Score of an observed phi (the online attack):
//   ln N(phi; mu_in, s_in^2) - ln N(phi; mu_out, s_out^2)
// Higher means "member".
//
// With fewer than 64 shadows on a side the variance of that side is the mean over examples of
// theirs (unbiased for each), as the paper does, or with fewer than `own_variance_from`; variances
// are at least 1e-12.
//
// Shapes: phi [models, n], member bool [models, n], observed [n]; float64. A score is not a number
// where an example has fewer than two shadows on a side that is used. Cost: O(models n).
#pragma once

#include "core/base/tensor.h"

namespace oubli {

struct LiraFit {
  Tensor in_mean, in_variance;    // [n]
  Tensor out_mean, out_variance;  // [n]
};

LiraFit fit_lira(const Tensor& phi, const Tensor& member, double own_variance_from = 64);
Tensor lira_online_scores(const LiraFit& fit, const Tensor& observed);

}  // namespace oubli
