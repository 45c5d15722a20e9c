// Dampening of parameters by how much they matter to two sets: what SSD and LFSSD do once they have
// their importances.
//
//   theta_i <- theta_i min( (lambda I_D,i / I_u,i)^exponent, 1 )   where I_u,i > alpha I_D,i
//
// A chosen parameter has I_D / I_u < 1 / alpha, so the 1 binds only where lambda > alpha. Source:
// Foster et al. 2024 (arXiv 2308.07707), equations 5 and 6.
#pragma once

#include "core/base/settings.h"
#include "core/nn/model.h"
#include "core/unlearn/report.h"

namespace oubli {

struct Dampening {
  double alpha = 10;
  double lambda = 1;
  double exponent = 1;
  static Dampening read(const Settings& settings);
};

// `all`, `forget`: importances, float64 [dim], at least 0. The report has how many were chosen.
UnlearnReport dampen(Model& model, const Tensor& all, const Tensor& forget,
                     const Dampening& dampening);

}  // namespace oubli
