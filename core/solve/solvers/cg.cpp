// Preconditioned conjugate gradients, for a positive definite A known by its products only.
//
//   q = A p;  a = r'z / p'q;  x += a p;  r -= a q;  z = M^-1 r;  p = z + (r'z / r'z before) p
//
// from x = 0. The iterate minimises x'Ax/2 - b'x over the Krylov space; in exact arithmetic it ends
// in at most dim iterations, or in as many as A has distinct eigenvalues. Source: Hestenes and
// Stiefel 1952; preconditioned as in Golub and Van Loan, algorithm 11.5.1.
//
// p'Ap <= 4 eps rho |p|^2, with rho the largest |Av| / |v| seen, ends with NegativeCurvature: no
// step along p has a meaning. Every 50 iterations b - A x is computed and takes the residual's
// place where the two differ by a tenth of it, and what is said to be below the
// tolerance is checked in the same way (core/solve/refinement.h), so iterations past convergence do
// no harm. Right-hand sides run side by side, one product for all of them, and leave as they
// converge; each has the recurrence of its own.
//
// Cost: one product for each open column and iteration, every 50 iterations one more, and one for
// the closing residual.
#include <ATen/ATen.h>

#include <limits>

#include "core/solve/refinement.h"

namespace oubli {
namespace {

std::size_t index(const Tensor& ids, std::int64_t j) {
  return static_cast<std::size_t>(ids[j].item<std::int64_t>());
}

// The tridiagonal matrix of the Lanczos process behind one column, from CG's coefficients.
struct Tridiagonal {
  std::vector<double> diagonal;
  std::vector<double> off_diagonal;
  double last_step = 0;
  double last_beta = 0;
  bool is_frozen = false;  // a replaced residual is not of the process

  void add_step(double step) {
    if (is_frozen) return;
    diagonal.push_back(1 / step + (last_step > 0 ? last_beta / last_step : 0));
    last_step = step;
  }
  void add_beta(double beta) {
    if (is_frozen) return;
    off_diagonal.push_back(std::sqrt(beta) / last_step);
    last_beta = beta;
  }
};

class ConjugateGradient : public RefinedSolver {
 public:
  ConjugateGradient(const Settings&, const SolverLimits& limits) : RefinedSolver(limits) {}

 protected:
  InnerResult round(const Run& run, const Tensor& b, const Tensor& target, std::int64_t iterations,
                    SolveReport& report) const override {
    InnerResult result{at::zeros_like(b)};
    Tensor ids = at::arange(b.size(1), at::kLong);
    Tensor goal = target;
    Tensor last = at::full_like(target, std::numeric_limits<double>::infinity());
    Tensor x = at::zeros_like(b);
    Tensor r = b.clone();
    Tensor z = run.precondition(r);
    Tensor p = z.clone();
    Tensor rz = column_products(r, z);
    std::vector<Tridiagonal> tridiagonals(static_cast<std::size_t>(b.size(1)));
    const auto end = [&](SolveStatus status) {
      result.status = status;
      result.x.index_copy_(1, ids, x);
      if (run.preconditioner == nullptr) {
        for (const Tridiagonal& t : tridiagonals) {
          widen_ritz_values(t.diagonal, t.off_diagonal, report);
        }
      }
      return result;
    };
    const auto is_unsound = [&](const Tensor& products) {
      if ((products > 0).all().item<bool>()) return false;
      note_unsound_preconditioner(products.min().item<double>(), report);
      return true;
    };
    if (is_unsound(rz)) return end(SolveStatus::kBreakdown);
    while (result.iterations < iterations) {
      if (run.stop()) return end(SolveStatus::kStopped);
      const Tensor q = run.matrix.apply(p);
      if (!at::isfinite(q).all().item<bool>()) return end(SolveStatus::kNonFinite);
      const Tensor curvature = column_products(p, q);
      const Tensor quotient = curvature / column_products(p, p);
      if ((quotient <= kCurvatureRounding * run.matrix.largest_gain()).any().item<bool>()) {
        const auto worst = quotient.argmin().item<std::int64_t>();
        result.column = ids[worst].item<std::int64_t>();
        note_negative_direction(p.select(1, worst).clone(), quotient[worst].item<double>(), report);
        return end(SolveStatus::kNegativeCurvature);
      }
      if (run.preconditioner != nullptr) {
        widen_ritz_values(quotient.min().item<double>(), quotient.max().item<double>(), report);
      }
      const Tensor step = rz / curvature;
      ++result.iterations;
      x.add_(p * step);
      r.sub_(q * step);
      for (std::int64_t j = 0; j < ids.numel(); ++j) {
        tridiagonals[index(ids, j)].add_step(step[j].item<double>());
      }
      Tensor is_open = r.norm(2, 0) > goal;
      if (result.iterations % kReplaceEvery == 0) {
        const Drift drift = replace_residuals(run.matrix, b.index_select(1, ids), x, r, last);
        for (std::int64_t j = 0; j < ids.numel(); ++j) {
          if (drift.has_drifted[j].item<bool>()) tridiagonals[index(ids, j)].is_frozen = true;
        }
        is_open = (r.norm(2, 0) > goal).logical_and(drift.is_stuck.logical_not());
      }
      if (!is_open.all().item<bool>()) {
        result.x.index_copy_(1, ids, x);
        const Tensor kept = is_open.nonzero().squeeze(1);
        ids = ids.index_select(0, kept);
        goal = goal.index_select(0, kept);
        rz = rz.index_select(0, kept);
        last = last.index_select(0, kept);
        for (Tensor* t : {&x, &r, &p}) *t = t->index_select(1, kept);
        if (ids.numel() == 0) return end(SolveStatus::kConverged);
      }
      z = run.precondition(r);
      const Tensor next = column_products(r, z);
      if (is_unsound(next)) return end(SolveStatus::kBreakdown);
      const Tensor beta = next / rz;
      p = z + p * beta;
      rz = next;
      for (std::int64_t j = 0; j < ids.numel(); ++j) {
        tridiagonals[index(ids, j)].add_beta(beta[j].item<double>());
      }
    }
    return end(SolveStatus::kMaxIterations);
  }
};

}  // namespace

SolverInfo cg_solver() {
  return {.name = "cg",
          .summary = "preconditioned conjugate gradients; stops at negative curvature",
          .reference = "Hestenes and Stiefel 1952",
          .singular = true,
          .preconditioned = true,
          .make = make_solver_of<ConjugateGradient>};
}

}  // namespace oubli
