// The Hessian that L-BFGS makes of the last pairs of steps s and changes of the gradient y: not its
// inverse, which minimisation needs (core/train/lbfgs.h).
//
//   B v = sigma v - [Y, sigma S] M^-1 [Y'v; sigma S'v],   sigma = y_k's_k / s_k's_k of the newest,
//   M = [[-D, L'], [L, sigma S'S]],  D = diag(s_i'y_i),  L_ij = s_i'y_j for i > j, else 0
//
// Source: Byrd, Nocedal and Schnabel 1994, theorem 2.3 and equation 3.8. B is symmetric, positive
// definite as long as every s'y is positive, which `add` sees to, and B s_k = y_k for the newest
// pair. It is the Hessian of a quadratic only where dim steps are conjugate. Vectors are float64
// [dim]. Cost: 4 k dim multiply-adds for a product of k pairs.
#pragma once

#include <cstdint>

#include "core/base/tensor.h"

namespace oubli {

class LbfgsHessian {
 public:
  // Keeps the last `pairs`, 1 at least.
  explicit LbfgsHessian(std::int64_t pairs) : pairs_(pairs) {}

  // False, and the pair is left out, unless s'y > 1e-10 |s| |y|: along s the function does not
  // curve upwards, or s is zero.
  bool add(const Tensor& s, const Tensor& y);
  bool empty() const { return !s_.defined(); }

  // Error(kUsage) where there is no pair. Not finite where pairs all but depend on each other.
  Tensor times(const Tensor& v) const;
  // The largest |y| / |s| of the pairs: about how long B v can be, over |v|, if pairs tell all.
  double steepest() const;

 private:
  std::int64_t pairs_;
  Tensor s_, y_;  // [k, dim], the newest last
};

}  // namespace oubli
