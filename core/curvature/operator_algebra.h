// Operators made from operators: sums, shifts, blocks, restrictions, low rank.
//
//   OperatorPtr retained = weighted_sum({{n / (n - m), all}, {-m / (n - m), forgotten}});
//
// is the curvature of what remains, at the cost of forget-sized products once `all` is known.
//
// Each result shares ownership of what it is made from. A floor of the eigenvalues is passed on
// wherever it follows rigorously, and one column costs what the parts cost together. Sizes that do
// not fit throw Error(kUsage).
#pragma once

#include <vector>

#include "core/curvature/linear_operator.h"

namespace oubli {

struct WeightedOperator {
  double weight = 1;
  OperatorPtr matrix;
};
// sum_i w_i A_i. The floor is sum_i w_i floor_i; there is none where a weight is negative. Parts of
// weight 0 are left out.
OperatorPtr weighted_sum(std::vector<WeightedOperator> terms);

// factor * A; no floor where the factor is negative.
OperatorPtr scaled(OperatorPtr matrix, double factor);

// A + shift I; the floor is shifted with it. Owns A, unlike DampedOperator.
OperatorPtr shifted(OperatorPtr matrix, double shift);

// The entries [begin, begin + size) of the flat vector.
struct IndexRange {
  std::int64_t begin = 0;
  std::int64_t size = 0;
};
// The rows and columns of A in the ranges, in the order given: A[S, S]. Ranges must lie inside the
// vector and not overlap. The floor of A holds (Cauchy's interlacing). A column costs one of A.
OperatorPtr restricted(OperatorPtr matrix, std::vector<IndexRange> ranges);

// diag(A_1, ..., A_b). The floor is the smallest of the floors.
OperatorPtr block_diagonal(std::vector<OperatorPtr> blocks);

// diag(d) for d: float64 [dim]. The floor is the smallest entry.
OperatorPtr diagonal_operator(Tensor entries);

// U diag(d) U' + shift I for U: [dim, r], d: [r]; U need not have orthonormal columns. The floor is
// shift + sum of d_i |u_i|^2 over negative d_i.
OperatorPtr low_rank(Tensor u, Tensor d, double shift);

// Its exact inverse. With U = Q R and R diag(d) R' = V diag(e) V',
//
//   W = Q V,  W diag(1 / (e + shift)) W' v + (v - W W' v) / shift:
//
// Woodbury's identity in an orthonormal basis, where no large terms cancel. Throws Error(kNumerics)
// where the matrix is singular.
OperatorPtr low_rank_inverse(const Tensor& u, const Tensor& d, double shift);

// W diag(inside) W' + outside (I - W W') for W with orthonormal columns [dim, r]: a function of a
// low-rank matrix. The floor is the smallest of `inside` and, where r < dim, `outside`.
OperatorPtr spectral(Tensor w, Tensor inside, double outside);

}  // namespace oubli
