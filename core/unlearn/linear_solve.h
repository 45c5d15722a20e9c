// A linear system in a linear model's Hessian, by its inverse at a place nearby: the step corrects
// itself, and each correction is one pass through the data that also says what is left.
//
//   V <- V + P (B - H V),   P near H^-1, until |B - H V| <= tolerance |B|
//
// The first pass suffices where P is within the tolerance of H^-1, the second where it is within
// its root. Where three do not, conjugate gradients behind P go on.
#pragma once

#include "core/unlearn/linear_hessian.h"

namespace oubli {

struct LinearSolution {
  Tensor step;                 // V [d, outputs]
  LinearHessian::Image image;  // H V and X V
  double left = 0;             // |B - H V|, by that product
  std::int64_t passes = 0;     // through the data
};

// B [d, outputs]; `inverse`: P.
LinearSolution solve_near(const LinearHessian& hessian, const Tensor& b,
                          const BlockOperator& inverse, double tolerance);

}  // namespace oubli
