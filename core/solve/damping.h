// How much damping a curvature matrix needs, and how to change it by the success of a step.
//
// For A = H + l2 I, the operator as the objective gives it, the total that stands on H's diagonal
// must be at least
//
//   total = max(l2, 1.1 max(0, -lambda_min(H)), lambda_max(H) / kappa)
//
// so that the matrix is positive definite and no direction is inverted more than kappa times as
// strongly as the stiffest. The damping returned is what is to be added to A: total - l2, which is
// 0 where the regulariser is enough.
//
// The ends come from a short Lanczos run on A from a random vector. The largest is taken with its
// Ritz residual added. A smallest Ritz value below l2 proves that H has negative curvature, and is
// taken with its residual subtracted, but never below the operator's own floor; at or above l2
// nothing is known to be negative and nothing is added for it. kappa = 1e3 is what
// conjugate gradients can solve with their default settings: their error falls by
// 2 exp(-2 k / sqrt(kappa)) in k iterations, 1e-8 in 300. It also keeps the relative errors near
// 1e-7 that products of a float32 model carry below 1e-4 of the step.
#pragma once

#include <string>

#include "core/base/random.h"
#include "core/curvature/linear_operator.h"

namespace oubli {

constexpr double kConditionTarget = 1e3;

struct DampingChoice {
  double value = 0;     // to add to the operator
  std::string why;      // a sentence with the numbers that decided
  double smallest = 0;  // Ritz values of the operator: l2 included, residuals not
  double largest = 0;
  std::int64_t products = 0;
  bool is_finite = true;  // false where a product was not, and nothing could be chosen
};

// Draws from `generator`. Cost: `steps` products.
DampingChoice choose_damping(const LinearOperator& matrix, double l2, Generator& generator,
                             double condition_target = kConditionTarget, std::int64_t steps = 20);

// What the quadratic model b'x - x'Ax / 2 says that the objective falls by, for b the negative
// gradient. A is without damping that is not part of the objective.
double predicted_decrease(const Tensor& b, const Tensor& x, const Tensor& a_times_x);

// Levenberg-Marquardt: rho = actual / predicted decrease; rho > 3/4 multiplies the damping by 2/3,
// rho < 1/4, or a number that is not finite, by 3/2. Source: Martens 2010, section 4.1. A predicted
// decrease that is not positive gives NaN: the step is no descent.
double reduction_ratio(double actual_decrease, double predicted);
double adapted_damping(double damping, double ratio);

}  // namespace oubli
