// A low-rank inverse from a Lanczos run: the deflated part and the complement.
//
//   x = W diag(1 / theta) W' b + (b - W W' b) / complement
//
// with W the Ritz vectors of the `rank` Ritz values theta that are largest in size, from `steps`
// Lanczos steps with full re-orthogonalisation from a random vector. Source: Schioppa et al. 2022
// (arXiv 2112.03052), there called Arnoldi; for a symmetric matrix the two are one. Made once it
// serves any number of right-hand sides.
//
// Deviations: `complement` is the eigenvalue that is taken for all that is outside the span of W.
// `auto` is the matrix's own floor (the damping, of a Gauss-Newton matrix), else the smallest
// positive Ritz value; 0 leaves that part out, as published. Negative Ritz values, which the
// published code inverts, end with NegativeCurvature unless `negative` says to drop or to invert
// them. Nothing here iterates: where the residual is above the tolerance the status is
// MaxIterations, and the message has the largest Ritz residual |A w - theta w|.
//
// Cost: `steps` products whatever the number of right-hand sides, and the closing residual.
#include "core/solve/lanczos.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/curvature/diagonal_operators.h"
#include "core/solve/refinement.h"

namespace oubli {
namespace {

class LowRankLanczos : public Solver {
 public:
  LowRankLanczos(const Settings& settings, const SolverLimits& limits) : Solver(limits) {
    rank_ =
        settings.integer("rank", {.default_value = 20, .at_least = 1, .doc = "Ritz pairs kept"});
    steps_ = settings.integer(
        "steps", {.default_value = 40, .at_least = 1, .doc = "Lanczos steps, at least the rank"});
    if (!settings.is_describing() && steps_ < rank_) {
      settings.fail("steps", fmt::format("steps: {} is below the rank {}.", steps_, rank_));
    }
    complement_ = settings.real_or(
        "complement", "auto",
        {.at_least = 0, .doc = "eigenvalue taken for the rest of the space; 0 leaves it out"});
    negative_ = settings.choice("negative", {.default_value = "stop",
                                             .valid = {"stop", "drop", "invert"},
                                             .doc = "what to do with negative Ritz values"});
  }

 protected:
  Iterate run(const Run& run, SolveReport& report) const override {
    Generator generator = run.draws("lanczos");
    const Tensor start = generator.normal({run.matrix.dim(), 1}, at::kDouble);
    const LanczosResult result =
        lanczos(run.matrix, start, {.steps = steps_, .restart = &generator, .stop = run.stop})[0];
    report.iterations = result.size();
    const Tensor nothing = at::zeros_like(run.b);
    if (!result.is_finite || result.size() == 0) {
      report.status = result.is_finite ? SolveStatus::kStopped : SolveStatus::kNonFinite;
      return {nothing};
    }
    const double largest = result.values.abs().max().item<double>();
    const double lowest = result.values[0].item<double>();
    const double rounding = run.matrix.eigenvalue_rounding(result.size()) * largest;
    widen_ritz_values(lowest, result.values[-1].item<double>(), report);
    if (lowest < -rounding) {
      note_negative_direction(result.vectors.select(1, 0), lowest, report);
      if (negative_ == "stop") {
        report.status = SolveStatus::kNegativeCurvature;
        report.message = fmt::format(
            "a Ritz value is {:.3e} after {} steps: the matrix is not positive definite; raise the "
            "damping by more than {:.3e}, or drop or invert what is negative (see `negative`)",
            lowest, result.size(), -lowest);
        return {nothing};
      }
      report.answers_negative_curvature = true;
    }
    // Zero eigenvalues have no inverse; they are in nobody's range either.
    Tensor usable = result.values.abs() > rounding;
    if (negative_ == "drop") usable = usable.logical_and(result.values > 0);
    const Tensor candidates = usable.nonzero().squeeze(1);
    const Tensor order = result.values.index_select(0, candidates)
                             .abs()
                             .argsort(/*stable=*/true, 0, /*descending=*/true);
    const Tensor kept =
        candidates.index_select(0, order.narrow(0, 0, std::min(rank_, order.size(0))));
    const double rest = complement(run.matrix, result.values, rounding);
    const OperatorPtr inverse =
        spectral(result.vectors.index_select(1, kept),
                 result.values.index_select(0, kept).reciprocal(), rest > 0 ? 1 / rest : 0);
    report.status = run.stop() ? SolveStatus::kStopped : SolveStatus::kMaxIterations;
    report.message = fmt::format(
        "rank {} leaves a residual above the tolerance {:.2e}; the rest of the space was given the "
        "eigenvalue {:.3e}, and the largest Ritz residual is {:.3e}; raise rank and steps, or the "
        "damping",
        kept.numel(), limits().tolerance, rest,
        kept.numel() > 0 ? result.residuals.index_select(0, kept).max().item<double>() : 0.0);
    return {inverse->apply(run.b)};
  }

 private:
  double complement(const CountedOperator& matrix, const Tensor& ritz, double rounding) const {
    if (complement_) return *complement_;
    const std::optional<double> floor = matrix.eigenvalue_floor();
    if (floor && *floor > 0) return *floor;
    const Tensor positive = ritz.masked_select(ritz > rounding);
    return positive.numel() > 0 ? positive[0].item<double>() : 0;
  }

  std::int64_t rank_;
  std::int64_t steps_;
  std::optional<double> complement_;
  std::string negative_;
};

}  // namespace

SolverInfo lanczos_solver() {
  return {.name = "lanczos",
          .summary = "low-rank inverse from Lanczos (Arnoldi) with a complement",
          .reference = "Schioppa et al. 2022, arXiv 2112.03052",
          .approximate = true,
          .needs_generator = true,
          .shares_columns = true,
          .make = make_solver_of<LowRankLanczos>};
}

}  // namespace oubli
