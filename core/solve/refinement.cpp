#include "core/solve/refinement.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/base/precision.h"
#include "core/solve/tridiagonal.h"

namespace oubli {
namespace {

// A recurrence is asked for a little less than the tolerance, so that its drift does not cost a
// round, and for no more than one round can give.
constexpr double kTargetShare = 0.7;
constexpr double kLargestReduction = 1e-15;
constexpr double kLeastProgress = 0.5;
constexpr double kLargestDrift = 0.1;
constexpr std::size_t kLargestTridiagonal = 2000;

std::string negative_curvature_message(const LinearOperator& matrix, const SolveReport& report) {
  const double quotient = report.rayleigh_quotient.value_or(0);
  if (const auto floor = matrix.eigenvalue_floor(); floor && *floor >= 0) {
    return fmt::format(
        "p'Ap = {:.3e} for a direction of unit length at iteration {}: no eigenvalue is below "
        "{:.3g}, "
        "so this is rounding of products that are known to {:.1e}; raise the damping, or use "
        "float64",
        quotient, report.iterations, *floor, matrix.precision());
  }
  return fmt::format(
      "p'Ap = {:.3e} for a direction of unit length at iteration {}: the matrix is not positive "
      "definite; raise the damping by more than {:.3e}, use the Gauss-Newton matrix, or a solver "
      "for indefinite matrices",
      quotient, report.iterations, std::max(0.0, -quotient));
}

}  // namespace

Solver::Iterate RefinedSolver::run(const Run& run, SolveReport& report) const {
  const CountedOperator& matrix = run.matrix;
  const Tensor& b = run.b;
  const Tensor size_b = b.norm(2, 0);
  Iterate solution{at::zeros_like(b), b.clone()};
  Tensor open = at::arange(b.size(1), at::kLong);
  Tensor last = at::full_like(size_b, std::numeric_limits<double>::infinity());
  bool gave_up = false;
  while (open.numel() > 0) {
    const Tensor r = solution.residual.index_select(1, open);
    const Tensor asked = limits().tolerance * size_b.index_select(0, open);
    const Tensor target = at::maximum(kTargetShare * asked, kLargestReduction * r.norm(2, 0));
    const InnerResult inner =
        round(run, r, target, limits().max_iterations - report.iterations, report);
    report.iterations += inner.iterations;
    solution.x.index_add_(1, open, inner.x);
    if (inner.status == SolveStatus::kNonFinite) {
      report.status = SolveStatus::kNonFinite;
      return {solution.x, {}};
    }
    const Tensor x = solution.x.index_select(1, open);
    if ((inner.x != 0).any().item<bool>()) {
      solution.residual.index_copy_(1, open, b.index_select(1, open) - matrix.apply(x));
    }
    const Tensor norm = solution.residual.index_select(1, open).norm(2, 0);
    const Tensor reached = norm <= asked;
    const Tensor at_floor = norm <= kDoubleEpsilon * (matrix.largest_gain() * x.norm(2, 0) +
                                                      size_b.index_select(0, open));
    const bool whole_round = inner.status == SolveStatus::kConverged;
    // Only a round that ran to its end says that no more is to be had.
    const Tensor stuck =
        whole_round ? norm > kLeastProgress * last.index_select(0, open) : at::zeros_like(reached);
    const Tensor closed = reached.logical_or(at_floor).logical_or(stuck);
    gave_up = gave_up || closed.logical_and(reached.logical_not()).any().item<bool>();
    last.index_copy_(0, open, norm);
    const bool excused = inner.status == SolveStatus::kNegativeCurvature && inner.column >= 0 &&
                         closed[inner.column].item<bool>();
    open = open.masked_select(closed.logical_not());
    if (open.numel() == 0) break;
    if (excused) {
      // The column was at its rounding floor, where directions have no meaning.
      report.negative_direction = Tensor();
      report.rayleigh_quotient.reset();
      continue;
    }
    if (!whole_round) {
      report.status = inner.status;
      if (inner.status == SolveStatus::kNegativeCurvature && report.message.empty()) {
        report.message = negative_curvature_message(matrix, report);
      }
      return solution;
    }
    if (report.iterations >= limits().max_iterations) {
      report.status = SolveStatus::kMaxIterations;
      return solution;
    }
  }
  report.status = gave_up ? SolveStatus::kBreakdown : SolveStatus::kConverged;
  return solution;
}

Tensor column_products(const Tensor& a, const Tensor& b) { return (a * b).sum(0); }

void note_unsound_preconditioner(double square, SolveReport& report) {
  report.message = fmt::format(
      "r'M^-1 r = {:.3e}: the preconditioner ({}) is not positive definite; raise its damping or "
      "do without",
      square, report.preconditioner);
}

Drift replace_residuals(const LinearOperator& matrix, const Tensor& b, const Tensor& x, Tensor& r,
                        Tensor& last) {
  const Tensor exact = b - matrix.apply(x);
  const Tensor norm = exact.norm(2, 0);
  const Tensor has_drifted = (exact - r).norm(2, 0) > kLargestDrift * norm;
  const Tensor is_stuck = has_drifted.logical_and(norm > kLeastProgress * last);
  r = at::where(has_drifted, exact, r);
  last = at::where(has_drifted, norm, last);
  return {has_drifted, is_stuck};
}

void widen_ritz_values(double smallest, double largest, SolveReport& report) {
  report.smallest_ritz = std::min(smallest, report.smallest_ritz.value_or(smallest));
  report.largest_ritz = std::max(largest, report.largest_ritz.value_or(largest));
}

void widen_ritz_values(const std::vector<double>& diagonal, const std::vector<double>& off_diagonal,
                       SolveReport& report) {
  if (diagonal.empty()) return;
  const std::size_t size = std::min(diagonal.size(), kLargestTridiagonal);
  const Tensor values =
      tridiagonal_eigen({diagonal.begin(), diagonal.begin() + static_cast<std::ptrdiff_t>(size)},
                        off_diagonal, false)
          .values;
  widen_ritz_values(values[0].item<double>(), values[-1].item<double>(), report);
}

void note_negative_direction(const Tensor& p, double rayleigh_quotient, SolveReport& report) {
  if (report.rayleigh_quotient && *report.rayleigh_quotient <= rayleigh_quotient) return;
  report.rayleigh_quotient = rayleigh_quotient;
  report.negative_direction = p / p.norm();
}

}  // namespace oubli
