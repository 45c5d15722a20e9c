#include "core/solve/conjugate_gradient.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

namespace oubli {
namespace {

Tensor apply(const LinearOperator& matrix, const Tensor& v) {
  return matrix.apply(v.unsqueeze(1)).squeeze(1);
}

double inner_product(const Tensor& a, const Tensor& b) { return a.dot(b).item<double>(); }

}  // namespace

std::string to_string(SolveStatus status) {
  switch (status) {
    case SolveStatus::kConverged:
      return "converged";
    case SolveStatus::kMaxIterations:
      return "max_iterations";
    case SolveStatus::kNegativeCurvature:
      return "negative_curvature";
    case SolveStatus::kBreakdown:
      return "breakdown";
    case SolveStatus::kNonFinite:
      return "non_finite";
    case SolveStatus::kStopped:
      return "stopped";
  }
  return "";
}

Json SolveReport::to_json() const {
  return {{"status", to_string(status)},
          {"message", message},
          {"relative_residual", relative_residual},
          {"applications", applications},
          {"damping", damping}};
}

Solution conjugate_gradient(const LinearOperator& matrix, const Tensor& b,
                            const ConjugateGradientOptions& options,
                            const std::function<bool()>& stop) {
  Solution solution;
  SolveReport& report = solution.report;
  Tensor& x = solution.x;
  x = at::zeros_like(b);
  const double norm_b = b.norm().item<double>();
  if (!std::isfinite(norm_b)) {
    report.status = SolveStatus::kNonFinite;
    report.message = "the right-hand side is not finite";
    report.relative_residual = 1;
    return solution;
  }
  if (norm_b == 0) {
    report.message = "the right-hand side is zero, and so is the solution";
    return solution;
  }
  Tensor r = b.clone();
  Tensor p = b.clone();
  double rr = norm_b * norm_b;
  Tensor best = x.clone();
  double best_rr = rr;
  std::int64_t since_best = 0;
  report.status = SolveStatus::kMaxIterations;
  for (std::int64_t i = 0; i < options.max_iterations; ++i) {
    if (stop()) {
      report.status = SolveStatus::kStopped;
      break;
    }
    const Tensor q = apply(matrix, p);
    ++report.applications;
    const double curvature = inner_product(p, q);
    if (!std::isfinite(curvature)) {
      report.status = SolveStatus::kNonFinite;
      break;
    }
    if (curvature <= 0) {
      report.status = SolveStatus::kNegativeCurvature;
      report.message = fmt::format(
          "p'Ap = {:.3e} at iteration {} (||p||^2 = {:.3e}); raise the "
          "damping above {:.3e}",
          curvature, i, inner_product(p, p), -curvature / inner_product(p, p));
      break;
    }
    const double step = rr / curvature;
    x.add_(p, step);
    r.sub_(q, step);
    const double next = inner_product(r, r);
    if (next < best_rr) {
      best_rr = next;
      best.copy_(x);
      since_best = 0;
    } else if (++since_best > 50 && best_rr < 1e-20 * norm_b * norm_b) {
      // Near the rounding floor the recurrence wanders: more iterations add noise only.
      report.status = SolveStatus::kBreakdown;
      x.copy_(best);
      break;
    }
    if (std::sqrt(next) <= options.tolerance * norm_b) {
      report.status = SolveStatus::kConverged;
      break;
    }
    p.mul_(next / rr).add_(r);
    rr = next;
  }
  report.relative_residual = (b - apply(matrix, x)).norm().item<double>() / norm_b;
  ++report.applications;
  if (report.status == SolveStatus::kConverged &&
      report.relative_residual > 10 * options.tolerance) {
    report.status = SolveStatus::kBreakdown;
  }
  if (report.message.empty()) {
    report.message = fmt::format("relative residual {:.2e} (asked {:.2e}) after {} products",
                                 report.relative_residual, options.tolerance, report.applications);
    if (report.status == SolveStatus::kMaxIterations) {
      report.message += "; raise max_iterations or the damping";
    } else if (report.status == SolveStatus::kBreakdown) {
      report.message += "; rounding ends the descent here: raise the tolerance or use float64";
    }
  }
  return solution;
}

}  // namespace oubli
