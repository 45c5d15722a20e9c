// LiRA: the likelihood-ratio membership attack (Carlini et al. 2022).
//
// For each example x, the scaled confidence phi of shadow models that were trained on x (in) and of
// those that were not (out) is taken as normal. Score of an observed phi (the online attack):
//   ln N(phi; mu_in, s_in^2) - ln N(phi; mu_out, s_out^2)
// Higher means "member".
//
// Where some example has fewer than `own_variance_from` shadows on a side, each side has one
// variance for all examples, the mean of theirs (unbiased for each, over all with two shadows or
// more on that side, whether or not they get a score); variances are at least 1e-12. The paper has
// 64.
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

constexpr double kLiraOwnVarianceFrom = 64;
LiraFit fit_lira(const Tensor& phi, const Tensor& member,
                 double own_variance_from = kLiraOwnVarianceFrom);
Tensor lira_online_scores(const LiraFit& fit, const Tensor& observed);

}  // namespace oubli
