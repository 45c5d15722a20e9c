// Lanczos: eigenvalues of an operator from its products with a starting vector.
//
//   A Q = Q T + beta q e',   T = S diag(theta) S'
//
// with Q orthonormal and T tridiagonal. The Ritz values theta lie inside the spectrum of A, and
// within |beta s_mi| of theta_i there is an eigenvalue: its residual |A y - theta y|. Every vector
// is orthogonalised twice against all before it, so no copies of converged eigenvalues appear.
// Sources: Lanczos 1950; Paige 1980; Parlett, The Symmetric Eigenvalue Problem, chapter 13.
//
// Several starting vectors run side by side, one product for all. A process that meets an invariant
// subspace ends there, exact, or, where `restart` is given, goes on from a new random vector
// orthogonal to what it has, so that repeated eigenvalues are found.
//
// Cost: one product for each step and starting vector; memory dim * steps for each vector.
#pragma once

#include <functional>
#include <vector>

#include "core/base/random.h"
#include "core/curvature/linear_operator.h"

namespace oubli {

struct LanczosOptions {
  std::int64_t steps = 20;       // at most dim are taken
  Generator* restart = nullptr;  // draws new vectors where the Krylov space ends
  bool vectors = true;           // whether Ritz vectors are formed
  std::function<bool()> stop = [] { return false; };
};

struct LanczosResult {
  Tensor values;     // theta, ascending [m]
  Tensor vectors;    // Ritz vectors [dim, m], orthonormal; undefined where not asked for
  Tensor residuals;  // |beta s_mi| [m]
  Tensor weights;    // squares of the first row of S [m]: the quadrature of the start, sums to 1
  std::vector<double> diagonal;      // of T
  std::vector<double> off_diagonal;  // of T, and last the beta that is left over; 0: exact
  bool is_finite = true;             // false where a product was not; the steps before it count

  std::int64_t size() const { return static_cast<std::int64_t>(diagonal.size()); }
};

// One result for each column of `starts` [dim, p]; they need not have length 1 but not be zero.
std::vector<LanczosResult> lanczos(const LinearOperator& matrix, const Tensor& starts,
                                   const LanczosOptions& options);

}  // namespace oubli
