// Minimises a smooth function by L-BFGS with a line search for the strong Wolfe conditions.
//
// Two-loop recursion with the initial matrix (s'y / y'y) I (Nocedal and Wright 2006, algorithms
// 7.4 and 7.5); line search by bracketing and zoom with cubic interpolation (algorithms 3.5 and
// 3.6), c1 = 1e-4, c2 = 0.9. Near the minimum differences of the function drown in rounding; there
// the sufficient-decrease test is replaced by the approximate Wolfe condition of Hager and Zhang
// 2005 (equation 4.1), which needs slopes only, so that gradient norms near rounding are reached.
// Vectors are float64.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/base/tensor.h"

namespace oubli {

struct LbfgsOptions {
  double tolerance = 1e-9;  // on the norm of the gradient
  std::int64_t max_iterations = 500;
  std::int64_t memory = 20;
};

enum class LbfgsStatus { kConverged, kMaxIterations, kLineSearchFailed, kNonFinite, kStopped };

struct LbfgsReport {
  LbfgsStatus status = LbfgsStatus::kMaxIterations;
  std::string message;
  std::int64_t iterations = 0;
  std::int64_t evaluations = 0;
  double value = 0;
  double gradient_norm = 0;
};

// Value at x and, into `gradient`, the gradient there.
using SmoothFunction = std::function<double(const Tensor& x, Tensor& gradient)>;

// Starts from `x` and leaves the best point in it. `stop` is asked once an iteration.
LbfgsReport minimise_lbfgs(
    const SmoothFunction& function, Tensor& x, const LbfgsOptions& options,
    const std::function<bool()>& stop = [] { return false; });

}  // namespace oubli
