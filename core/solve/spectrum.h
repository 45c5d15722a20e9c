// The spectrum of an operator from a few products: its ends, its trace and its density.
//
// Stochastic Lanczos quadrature: for random signs z, |z|^2 = dim, Lanczos from z gives nodes and
// weights with
//
//   z' f(A) z / dim  ~  sum_i weight_i f(node_i),
//
// whose mean over z is tr f(A) / dim; exact for polynomials below degree 2 steps, so for the trace
// itself each probe gives Hutchinson's z'Az. Sources: Golub and Welsch 1969; Ubaru, Chen and Saad
// 2017; Ghorbani, Krishnan and Xiao 2019 (arXiv 1901.10159) for networks.
//
// Ends: the extreme Ritz values over all probes. The smallest eigenvalue is at most `smallest`, and
// there is an eigenvalue within `smallest_residual` of it; so for the largest, which is at least
// `largest`. Cost: steps * probes products.
#pragma once

#include <vector>

#include "core/base/random.h"
#include "core/curvature/linear_operator.h"

namespace oubli {

struct SpectrumEstimate {
  double smallest = 0;
  double smallest_residual = 0;
  double largest = 0;
  double largest_residual = 0;
  double trace = 0;            // the mean of `traces`
  std::vector<double> traces;  // each probe's, independent: their spread is the error of the mean
  Tensor nodes;                // ascending [m]: the density is sum_i weight_i delta(node_i)
  Tensor weights;              // [m], sum to 1
  Tensor probes;               // int64 [m]: the number of the probe that each comes from
  std::int64_t products = 0;
  bool is_finite =
      true;  // false where a product was not: the numbers above are of the steps before
};

// Draws from `generator`.
SpectrumEstimate estimate_spectrum(const LinearOperator& matrix, std::int64_t steps,
                                   std::int64_t probes, Generator& generator);

}  // namespace oubli
