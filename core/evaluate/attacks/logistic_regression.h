// Logistic regression with two classes, for attacks: with z = w . x + b and y = +-1 it minimises
//   ||w||^2 / 2 + C sum_i ln(1 + exp(-y_i z_i))
// where the intercept b is not penalised; the objective of scikit-learn's LogisticRegression.
//
// Newton's method with a backtracking line search in float64, until the step is below 1e-12 of the
// solution. Cost: O(n d^2 + d^3) an iteration, few iterations. The features are taken as they are.
#pragma once

#include "core/base/tensor.h"

namespace oubli {

struct LogisticRegression {
  Tensor coefficients;  // float64 [d]
  double intercept = 0;
  bool converged = false;

  Tensor decision(const Tensor& features) const;  // z, float64 [n]; above 0 says "true"
};

// Features [n, d], labels bool [n]. Throws Error(kUsage) unless both classes occur and all features
// are finite.
LogisticRegression fit_logistic_regression(const Tensor& features, const Tensor& labels,
                                           double c = 1);

}  // namespace oubli
