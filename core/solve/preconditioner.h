// Preconditioners for H + damping I, as operators that apply M^-1. Anything else that is a positive
// definite LinearOperator works as well.
#pragma once

#include "core/base/random.h"
#include "core/curvature/linear_operator.h"
#include "core/solve/nystroem.h"

namespace oubli {

// M = diag(d) + damping I, for the diagonal d of H, or of a Fisher matrix near it. Throws
// Error(kNumerics) where an entry of M is not positive and finite.
OperatorPtr jacobi_preconditioner(const Tensor& diagonal, double damping);

// M^-1 = U diag((lambda_r + damping) / (lambda + damping)) U' + (I - U U')
//
// for the Nystroem approximation U diag(lambda) U' of H (not of H + damping I), lambda_r its
// smallest value. The preconditioned matrix has condition number near (lambda_r + damping) /
// damping, whatever the largest eigenvalue is. Source: Frangella, Tropp and Udell 2021 (arXiv
// 2110.02820), equation 1.3. Throws Error(kNumerics) where there is no approximation, or one with a
// zero eigenvalue and no damping.
OperatorPtr nystroem_preconditioner(const NystroemApproximation& approximation, double damping);

}  // namespace oubli
