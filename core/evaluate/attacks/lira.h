// LiRA, the likelihood-ratio membership attack (Carlini et al. 2022), and its fits, which U-LiRA
// shares (Hayes et al. 2024).
//
// For each example x, the scaled confidence phi under models of one world (trained on x: in) and
// under those of the other (not trained on x: out) is taken as normal. Scores of an observed phi,
// higher for "in":
//   online   ln N(phi; mu_in, s_in^2) - ln N(phi; mu_out, s_out^2)
//   offline  -ln Pr[N(mu_out, s_out^2) > phi], one-sided, from the out models alone. It orders as
//            Phi((phi - mu_out) / s_out) does, which rounds to 1 far above the mean, where members
//            are.
//
// Variances have n - 1 degrees of freedom and are at least 1e-12. Where some example has fewer than
// 64 models on a side, all examples share that side's mean variance (section VI of the paper).
//
// Shapes: phi [models, n], masks bool [models, n], observed [n]; results float64 [n]. A mean is not
// a number where an example has no model on a side, and neither is a score from it. A variance is
// not a number where no example has two. Cost: O(models n).
#pragma once

#include "core/base/tensor.h"

namespace oubli {

struct GaussianFit {
  Tensor mean, variance;  // [n]
};

struct LiraFit {
  GaussianFit in, out;
};

// From the entries of phi that the mask selects; what the others hold does not matter.
GaussianFit fit_gaussians(const Tensor& phi, const Tensor& mask);

// One set of models: those that the mask selects for an example are in, the others out.
LiraFit fit_lira(const Tensor& phi, const Tensor& member);

Tensor lira_online_scores(const LiraFit& fit, const Tensor& observed);
Tensor lira_offline_scores(const GaussianFit& out, const Tensor& observed);

}  // namespace oubli
