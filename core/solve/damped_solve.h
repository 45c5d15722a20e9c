// One damped step: chooses the damping mu, solves (A + mu I) x = b, and says what happens where the
// matrix turns out not to be positive definite.
//
// damping: a number is used as it is; `auto` is choose_damping (core/solve/damping.h). Where a
// direction p of p'(A + mu I)p = rho |p|^2 <= 0 is met, or a Ritz value rho below 0, the policy
// decides. It is the same for all solvers, also for those that could solve an indefinite system:
//
//   raise_damping   mu' = max(10 mu, 1.1 (mu + |rho|)), or the largest eigenvalue seen over kappa
//                   where both are 0, and solves again; at most 12 times
//   fail            the report says NegativeCurvature, with the iterate reached, and refuses it
//   switch_to_ggn   solves with the second operator, a Gauss-Newton matrix, and the same mu
//   truncate        the iterate that cg or block_cg reached, as truncated Newton methods do
//                   (Steihaug 1983; Nocedal and Wright, algorithm 7.1); b / (rho_max + mu), a
//                   gradient step of a length that cannot overshoot, where there is none. The
//                   status stays NegativeCurvature
//   solve           the solution of the indefinite system, of solvers that have one (minres,
//                   direct); with others as `fail`
//
// The solver lanczos with `negative: drop` or `invert` was told what to do by its own setting,
// which stands before the policy.
//
// What comes back is to be taken as a step only where the report has no `refusal`: x is refused
// where a product was not finite, where negative curvature was met and the policy has no answer to
// it, and where the residual is not below the right-hand side, so that x = 0 would be nearer.
//
// The report counts all products: the choice of the damping, each start, the closing residuals.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/solve/damping.h"
#include "core/solve/solver.h"

namespace oubli {

enum class NegativeCurvaturePolicy { kRaiseDamping, kFail, kSwitchToGgn, kTruncate, kSolve };
const std::vector<std::string>& negative_curvature_policies();
// Throws Error(kUsage) on a name that is none of them.
NegativeCurvaturePolicy negative_curvature_policy(const std::string& name);

// What is referred to must outlive the call.
struct DampedProblem {
  const LinearOperator& matrix;         // A, without the damping
  Tensor b;                             // float64 [dim] or [dim, k]
  double l2 = 0;                        // the regulariser that A holds: for damping: auto
  const LinearOperator* ggn = nullptr;  // for switch_to_ggn
  // Makes M^-1 for A + damping I; asked again for each damping. May be empty.
  std::function<OperatorPtr(double damping)> preconditioner = {};
  const Generator* generator = nullptr;  // for damping: auto, and for solvers that draw
  std::function<bool()> stop = {};
};

struct DampedSolveOptions {
  std::optional<double> damping;  // nullopt: auto
  NegativeCurvaturePolicy on_negative_curvature = NegativeCurvaturePolicy::kRaiseDamping;
  double condition_target = kConditionTarget;
  std::int64_t damping_steps = 20;
};

// Throws Error(kUsage) where the policy needs a second operator, or `auto` a generator, and there
// is none.
Solution solve_damped(const DampedProblem& problem, const DampedSolveOptions& options,
                      const Solver& solver);

}  // namespace oubli
