// A low-rank inverse from the randomised Nystroem approximation of a positive definite matrix.
//
//   A - mu I ~ U diag(lambda) U';   x = U diag(1 / (lambda + mu)) U' b + (b - U U' b) / mu
//
// Source: Frangella, Tropp and Udell 2021 (arXiv 2110.02820), section 3.2, with the shift of
// core/solve/nystroem.h. `mu` is the damping that A holds: `auto` is the matrix's own floor; where
// it has none, A itself is approximated and its smallest value stands for the rest of the space.
// Made once it serves any number of right-hand sides.
//
// Nothing here iterates: where the residual is above the tolerance the status is MaxIterations. As
// a preconditioner for `cg` the same approximation reaches any tolerance
// (core/solve/preconditioner.h). Cost: `rank` products, and the closing residual.
#include "core/solve/nystroem.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/curvature/diagonal_operators.h"
#include "core/solve/refinement.h"

namespace oubli {
namespace {

class LowRankNystroem : public Solver {
 public:
  LowRankNystroem(const Settings& settings, const SolverLimits& limits) : Solver(limits) {
    rank_ = settings.integer(
        "rank", {.default_value = 50, .at_least = 1, .doc = "columns of the random test"});
    held_ = settings.real_or("held_damping", "auto",
                             {.at_least = 0, .doc = "damping mu that the matrix holds"});
  }

 protected:
  Iterate run(const Run& run, SolveReport& report) const override {
    Generator generator = run.draws("nystroem");
    const double mu = held_ ? *held_ : std::max(0.0, run.matrix.eigenvalue_floor().value_or(0));
    const DampedOperator undamped(run.matrix, -mu);
    const NystroemApproximation found = nystroem(undamped, rank_, generator, mu);
    const Tensor nothing = at::zeros_like(run.b);
    if (!found.is_finite) {
      report.status = SolveStatus::kNonFinite;
      return {nothing};
    }
    if (!found.defined()) {
      const double lowest = found.rayleigh_quotient.value_or(0) + mu;
      if (found.rayleigh_quotient && lowest <= 0) {
        note_negative_direction(found.negative_direction, lowest, report);
        report.status = SolveStatus::kNegativeCurvature;
        report.message = fmt::format(
            "w'Aw = {:.3e} for a direction of unit length: the matrix is not positive definite; "
            "raise the damping by more than {:.3e}, or use the Gauss-Newton matrix",
            lowest, -lowest);
      } else {
        report.status = SolveStatus::kBreakdown;
        report.message = fmt::format(
            "the matrix less the damping {:.3e} is not positive semi-definite; a smaller "
            "held_damping describes it",
            mu);
      }
      return {nothing};
    }
    // Without damping the smallest value that is not rounding stands for the rest.
    const Tensor values = found.values + mu;
    const Tensor kept = (values > 4 * found.shift).nonzero().squeeze(1);
    const Tensor inside = values.index_select(0, kept);
    const double rest = mu > 0 ? mu : (kept.numel() > 0 ? inside.min().item<double>() : 0);
    if (kept.numel() > 0) {
      widen_ritz_values(inside.min().item<double>(), inside.max().item<double>(), report);
    }
    report.status = SolveStatus::kMaxIterations;
    report.message = fmt::format(
        "rank {} leaves a residual above the tolerance {:.2e}; its smallest eigenvalue is {:.3e}, "
        "and the rest of the space was given {:.3e}; raise the rank or the damping, or use cg",
        kept.numel(), limits().tolerance, kept.numel() > 0 ? inside.min().item<double>() : 0.0,
        rest);
    return {
        spectral(found.vectors.index_select(1, kept), inside.reciprocal(), rest > 0 ? 1 / rest : 0)
            ->apply(run.b)};
  }

 private:
  std::int64_t rank_;
  std::optional<double> held_;
};

}  // namespace

SolverInfo nystroem_solver() {
  return {.name = "nystroem",
          .summary = "low-rank inverse from a randomised Nystroem approximation",
          .reference = "Frangella, Tropp and Udell 2021, arXiv 2110.02820",
          .approximate = true,
          .needs_generator = true,
          .shares_columns = true,
          .make = make_solver_of<LowRankNystroem>};
}

}  // namespace oubli
