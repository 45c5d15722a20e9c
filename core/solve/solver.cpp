#include "core/solve/solver.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "core/base/precision.h"

namespace oubli {
namespace {

bool is_finite(const Tensor& t) { return at::isfinite(t).all().item<bool>(); }

void check_shapes(const SolveProblem& problem) {
  const Tensor& b = problem.b;
  const std::int64_t n = problem.matrix.dim();
  if (!b.defined() || b.scalar_type() != at::kDouble || b.dim() < 1 || b.dim() > 2 ||
      b.size(0) != n) {
    throw Error(ErrorKind::kUsage,
                fmt::format("the right-hand side of a solve must be float64 of shape [{0}] or "
                            "[{0}, k]",
                            n));
  }
  if (problem.preconditioner != nullptr && problem.preconditioner->dim() != n) {
    throw Error(ErrorKind::kUsage,
                fmt::format("the preconditioner is of size {}, the matrix of size {}",
                            problem.preconditioner->dim(), n));
  }
}

std::string advice(SolveStatus status) {
  switch (status) {
    case SolveStatus::kMaxIterations:
      return "; raise max_iterations or the damping, or precondition";
    case SolveStatus::kBreakdown:
      return "; rounding ends the descent here, or the right-hand side is out of the matrix's "
             "range: raise the tolerance or the damping, or use float64";
    case SolveStatus::kNonFinite:
      return "; a product was not finite: check the model's loss, or raise the damping";
    case SolveStatus::kStopped:
      return "; stopped from outside";
    case SolveStatus::kNegativeCurvature:
      return "; raise the damping, use the Gauss-Newton matrix, or a solver for indefinite "
             "matrices";
    case SolveStatus::kConverged:
      return "";
  }
  return "";
}

// What the residual says overrules what the solver believed.
void settle_status(double tolerance, SolveReport& report) {
  const double worst = report.relative_residual;
  const bool reached = worst <= tolerance * (1 + 1e-9);
  if (report.status == SolveStatus::kConverged && !reached) {
    report.status = std::isfinite(worst) ? SolveStatus::kBreakdown : SolveStatus::kNonFinite;
  } else if (report.status == SolveStatus::kMaxIterations && reached) {
    report.status = SolveStatus::kConverged;
    report.message.clear();
  }
}

}  // namespace

SolverLimits SolverLimits::read(const Settings& settings) {
  SolverLimits limits;
  limits.tolerance = settings.real(
      "tolerance",
      {.default_value = 1e-6, .above = 0, .below = 1, .doc = "relative residual of the solve"});
  limits.max_iterations = settings.integer(
      "max_iterations", {.default_value = 300, .at_least = 1, .doc = "iterations of one solve"});
  return limits;
}

Generator Solver::Run::draws(const std::string& name) const {
  if (generator == nullptr) {
    throw Error(ErrorKind::kUsage, "this solver draws random numbers: hand it a generator");
  }
  return generator->stream(name);
}

Tensor Solver::Run::precondition(const Tensor& v) const {
  return preconditioner != nullptr ? preconditioner->apply(v) : v;
}

Tensor certify(const CountedOperator& matrix, const Tensor& b, const Tensor& x, Tensor residual,
               SolveReport& report) {
  const Tensor size_b = b.norm(2, 0);
  const Tensor size_x = x.norm(2, 0);
  if (!residual.defined()) {
    // A 0 = 0 needs no product, and must not take one of a matrix that holds a NaN.
    residual = (size_x == 0).all().item<bool>() ? b : b - matrix.apply(x);
  }
  const Tensor size_r = residual.norm(2, 0);
  const Tensor relative = at::where(size_b > 0, size_r / size_b, size_r);
  report.column_residuals = as_vector<double>(relative);
  report.relative_residual = 0;
  for (double& column : report.column_residuals) {
    if (!std::isfinite(column)) column = std::numeric_limits<double>::infinity();
    report.relative_residual = std::max(report.relative_residual, column);
  }
  report.products = matrix.products();
  report.sample_gradients = matrix.sample_gradients();

  const double floor = matrix.eigenvalue_floor().value_or(0);
  const double lowest = floor > 0 ? floor : report.smallest_ritz.value_or(0);
  report.error_bound.reset();
  report.error_bound_is_rigorous = false;
  if (std::isfinite(report.relative_residual) && lowest > 0) {
    const Tensor rounding =
        4 * (kDoubleEpsilon * size_b + matrix.precision() * matrix.largest_gain() * size_x);
    report.error_bound = (size_r + rounding).max().item<double>() / lowest;
    report.error_bound_is_rigorous = floor > 0 && matrix.precision() <= kDoubleEpsilon;
  }
  return residual;
}

Solution Solver::solve(const SolveProblem& problem) const {
  check_shapes(problem);
  const bool is_vector = problem.b.dim() == 1;
  const Tensor b = is_vector ? problem.b.unsqueeze(1) : problem.b;
  const CountedOperator matrix(problem.matrix);
  Solution solution;
  SolveReport& report = solution.report;
  if (problem.preconditioner != nullptr) report.preconditioner = problem.preconditioner->describe();
  Tensor x = at::zeros_like(b);
  Tensor residual = b;
  if (!is_finite(b)) {
    report.status = SolveStatus::kNonFinite;
    report.message = "the right-hand side is not finite; x = 0 is returned";
    report.relative_residual = 1;
    report.column_residuals.assign(static_cast<std::size_t>(b.size(1)), 1);
  } else {
    const Tensor kept = (b.norm(2, 0) > 0).nonzero().squeeze(1);
    if (kept.numel() == 0) {
      report.message = "the right-hand side is zero, and so is the solution";
    } else {
      const bool all = kept.numel() == b.size(1);
      const Run prepared{matrix, all ? b : b.index_select(1, kept), problem.preconditioner,
                         problem.generator, problem.stop ? problem.stop : [] { return false; }};
      Iterate iterate = run(prepared, report);
      if (!is_finite(iterate.x)) {
        iterate = {at::zeros_like(prepared.b), prepared.b};
        report.status = SolveStatus::kNonFinite;
        report.message = "the iterate is not finite; x = 0 is returned";
      }
      x = all ? iterate.x : x.index_copy(1, kept, iterate.x);
      if (all || !iterate.residual.defined()) {
        residual = iterate.residual;
      } else {
        residual = at::zeros_like(b).index_copy(1, kept, iterate.residual);
      }
      if (!residual.defined() && !all && (iterate.x != 0).any().item<bool>()) {
        // Columns that are zero need no product.
        residual = at::zeros_like(b).index_copy(1, kept, prepared.b - matrix.apply(iterate.x));
      }
    }
    residual = certify(matrix, b, x, residual, report);
    settle_status(limits_.tolerance, report);
    if (report.message.empty()) {
      report.message = fmt::format("relative residual {:.2e} (asked {:.2e}) after {} products{}",
                                   report.relative_residual, limits_.tolerance, report.products,
                                   advice(report.status));
    }
  }
  solution.x = is_vector ? x.squeeze(1) : x;
  solution.residual = is_vector ? residual.squeeze(1) : residual;
  return solution;
}

}  // namespace oubli
