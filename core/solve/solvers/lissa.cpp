// LiSSA, the Neumann series of the inverse, with products of the whole operator.
//
//   h <- h + (b - A h) / scale
//
// Source: Agarwal, Bullins and Hazan 2017 (arXiv 1602.03943); as used for influence by Koh and
// Liang 2017. Three deviations. A already holds the damping, so that the damping asked for is the
// one in force: in the published recursion h <- b + (1 - d) h - H h / scale it is d * scale. Each
// product is of the operator as it is, over all its data, and not of a random batch: the result has
// no sampling error, needs no repeats, and the iteration is Richardson's. `scale: auto` is the
// largest eigenvalue by 20 Lanczos steps, plus the Ritz value's residual.
//
// It converges where A is positive definite and scale > lambda_max / 2, by 1 - lambda_min / scale a
// step: slower than conjugate gradients by a square root, and here for comparison. A residual twice
// as large as b is divergence, a Breakdown; r'Ar <= 0, which the residuals give for nothing, is
// NegativeCurvature. Cost: 20 products for `auto`, and one for each open column and iteration; the
// residual is the iteration's own.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/solve/lanczos.h"
#include "core/solve/refinement.h"

namespace oubli {
namespace {

constexpr std::int64_t kScaleSteps = 20;
constexpr double kDiverged = 2;

class Lissa : public Solver {
 public:
  Lissa(const Settings& settings, const SolverLimits& limits) : Solver(limits) {
    scale_ = settings.real_or(
        "scale", "auto",
        {.above = 0, .doc = "what A is divided by; above half of its largest eigenvalue"});
  }

 protected:
  Iterate run(const Run& run, SolveReport& report) const override {
    Tensor h = at::zeros_like(run.b);
    Tensor residual = run.b.clone();
    const double scale = scale_ ? *scale_ : estimated_scale(run, report);
    if (report.status != SolveStatus::kConverged) return {h, residual};
    const Tensor size_b = run.b.norm(2, 0);
    report.status = SolveStatus::kMaxIterations;
    report.message = fmt::format(
        "the residual is above the tolerance after {} full-batch steps of scale {:.3e}; raise "
        "max_iterations or the damping, or use cg, which needs the square root of the steps",
        limits().max_iterations, scale);
    Tensor open = at::arange(run.b.size(1), at::kLong);
    for (; report.iterations < limits().max_iterations; ++report.iterations) {
      if (run.stop()) {
        report.status = SolveStatus::kStopped;
        report.message.clear();
        break;
      }
      const Tensor r = residual.index_select(1, open);
      const Tensor b = run.b.index_select(1, open);
      const Tensor x = h.index_select(1, open) + r / scale;
      const Tensor next = b - run.matrix.apply(x);
      if (!at::isfinite(next).all().item<bool>()) {
        report.status = SolveStatus::kNonFinite;
        report.message.clear();
        break;
      }
      const Tensor size = r.norm(2, 0);
      const Tensor size_next = next.norm(2, 0);
      const Tensor rounding = run.matrix.precision() * (run.matrix.largest_gain() * x.norm(2, 0) +
                                                        size_b.index_select(0, open));
      // A r = scale (r - next).
      const Tensor quotient = scale * (1 - (r * next).sum(0) / size.square());
      const Tensor is_negative = quotient <= -8 * scale * rounding / size;
      if (is_negative.any().item<bool>()) {
        const auto worst = quotient.argmin().item<std::int64_t>();
        note_negative_direction(r.select(1, worst), quotient[worst].item<double>(), report);
        report.status = SolveStatus::kNegativeCurvature;
        report.message.clear();
        break;
      }
      h.index_copy_(1, open, x);
      residual.index_copy_(1, open, next);
      if ((size_next > kDiverged * size_b.index_select(0, open)).any().item<bool>()) {
        report.status = SolveStatus::kBreakdown;
        report.message = fmt::format(
            "diverged: the residual is {:.2e} times the right-hand side after {} steps of scale "
            "{:.3e}, which must be above half of the largest eigenvalue (at least {:.3e})",
            (size_next / size_b.index_select(0, open)).max().item<double>(), report.iterations + 1,
            scale, run.matrix.largest_gain());
        ++report.iterations;
        break;
      }
      const Tensor is_open = (size_next > limits().tolerance * size_b.index_select(0, open))
                                 .logical_and(size_next > rounding);
      open = open.masked_select(is_open);
      if (open.numel() == 0) {
        // A column at its rounding floor is told from a converged one by its residual.
        report.status = SolveStatus::kConverged;
        report.message.clear();
        ++report.iterations;
        break;
      }
    }
    return {h, residual};
  }

 private:
  static double estimated_scale(const Run& run, SolveReport& report) {
    Generator generator = run.draws("lissa");
    const Tensor start = generator.normal({run.matrix.dim(), 1}, at::kDouble);
    const LanczosResult found =
        lanczos(run.matrix, start, {.steps = kScaleSteps, .stop = run.stop})[0];
    if (!found.is_finite || found.size() == 0) {
      report.status = found.is_finite ? SolveStatus::kStopped : SolveStatus::kNonFinite;
      return 1;
    }
    const double lowest = found.values[0].item<double>();
    const double largest = found.values[-1].item<double>();
    widen_ritz_values(lowest, largest, report);
    const double rounding =
        run.matrix.eigenvalue_rounding(found.size()) * found.values.abs().max().item<double>();
    if (lowest < -rounding || largest <= 0) {
      note_negative_direction(found.vectors.select(1, 0), lowest, report);
      report.status = SolveStatus::kNegativeCurvature;
    }
    return largest + found.residuals[-1].item<double>();
  }

  std::optional<double> scale_;
};

}  // namespace

SolverInfo lissa_solver() {
  return {.name = "lissa",
          .summary = "the Neumann series, full-batch; slow, for comparison",
          .reference = "Agarwal, Bullins and Hazan 2017, arXiv 1602.03943",
          .approximate = true,
          .needs_generator = true,
          .make = make_solver_of<Lissa>};
}

}  // namespace oubli
