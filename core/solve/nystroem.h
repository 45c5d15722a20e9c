// The randomised Nystroem approximation of a positive semi-definite operator.
//
//   Omega = orth(random [dim, rank]);  Y = A Omega;  nu = sqrt(dim) eps |Y|;  Y_nu = Y + nu Omega
//   C'C = Omega' Y_nu;  U S V' = Y_nu C^-1;  A ~ U diag(max(S^2 - nu, 0)) U'
//
// Source: Frangella, Tropp and Udell 2021 (arXiv 2110.02820), algorithm 2.1, with its shift nu. In
// exact arithmetic it is never above A, and equal to A where the rank of A is at most `rank`.
// Deviation: |Y| is the Frobenius norm, which is not below the spectral one; where rounding makes
// the Cholesky factorisation fail, nu is raised tenfold, at most eight times.
//
// A matrix Omega'A Omega with a negative eigenvalue beyond rounding shows that A is not positive
// semi-definite: the direction is returned, and no approximation. Cost: `rank` products.
#pragma once

#include <optional>

#include "core/base/random.h"
#include "core/curvature/linear_operator.h"

namespace oubli {

struct NystroemApproximation {
  Tensor vectors;  // U [dim, r], orthonormal; undefined where there is none
  Tensor values;   // descending, not negative [r]
  double shift = 0;
  bool is_finite = true;
  Tensor negative_direction;  // unit length, where one was met
  std::optional<double> rayleigh_quotient;

  bool defined() const { return vectors.defined(); }
};

// At most `rank` columns, at most dim. Draws from `generator`. `magnitude`: of numbers that were
// subtracted in making A, such as a damping taken off; rounding is measured against it too.
NystroemApproximation nystroem(const LinearOperator& matrix, std::int64_t rank,
                               Generator& generator, double magnitude = 0);

}  // namespace oubli
