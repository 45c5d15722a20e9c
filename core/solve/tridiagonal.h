// Eigenvalues of a symmetric tridiagonal matrix: what a Lanczos process leaves to be done.
//
// Eigen's implicit QR, on the matrix divided by its largest entry: its test for convergence has an
// absolute scale, which for entries near 1e-30 gives wrong vectors. Cost: size^2 operations, with
// vectors size^3.
#pragma once

#include <vector>

#include "core/base/tensor.h"

namespace oubli {

struct TridiagonalEigen {
  Tensor values;   // ascending [m]
  Tensor vectors;  // in columns [m, m]; undefined where not asked for
};

// `off_diagonal` has at least m - 1 entries; what is beyond them is not read.
TridiagonalEigen tridiagonal_eigen(const std::vector<double>& diagonal,
                                   const std::vector<double>& off_diagonal, bool with_vectors);

}  // namespace oubli
