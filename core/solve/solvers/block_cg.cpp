// Conjugate gradients for many right-hand sides that share one Krylov space, free of breakdowns.
//
//   Q = A P;  a = (P'Q)^-1 P'R;  X += P a;  R -= Q a;  Z = M^-1 R;
//   b = -(P'Q)^-1 Q'Z;  P = orth(Z + P b)
//
// orth() returns an orthonormal basis: columns scaled to length 1, QR, and a singular value
// decomposition of the factor that drops directions below 1e-12 of the largest, so P'AP can be
// inverted whatever the columns. Source: Ji and Li 2017 (BIT 57), algorithm 3, after O'Leary 1980;
// converged columns dropped and true residuals as
// in core/solve/refinement.h. Right-hand sides that depend on others to 1e-10 are combinations of
// their solutions: left in the block, the rounding in which they differ would in time become a
// direction of its own, conjugate to nothing. Against `cg` it needs fewer products the more the
// right-hand sides have in common, and pays dim k^2 operations an iteration for it.
//
// An eigenvalue of P'AP at or below 4 eps rho, with rho the largest |Av| / |v| seen, ends with
// NegativeCurvature and the direction. The Ritz values reported are those of the blocks P'AP.
// Cost: as `cg`, with one product for each direction of the block, at most one for each column.
#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "core/solve/refinement.h"

namespace oubli {
namespace {

constexpr double kDependent = 1e-12;
constexpr double kCombination = 1e-10;

// An orthonormal basis of the span of the columns, dependent ones dropped.
Tensor orthonormal_basis(const Tensor& v) {
  const Tensor norms = v.norm(2, 0);
  const Tensor kept = (norms > 0).nonzero().squeeze(1);
  const Tensor scaled = v.index_select(1, kept) / norms.index_select(0, kept);
  const auto [q, r] = at::linalg_qr(scaled);
  const auto [u, s, vt] = at::linalg_svd(r, /*full_matrices=*/false);
  const std::int64_t rank = s.numel() == 0 ? 0 : (s > kDependent * s[0]).sum().item<std::int64_t>();
  return q.mm(u.narrow(1, 0, rank));
}

// The columns of b that span all of them, by Gram-Schmidt with pivoting on columns of length 1.
Tensor spanning_columns(const Tensor& b) {
  Tensor rest = b / b.norm(2, 0);
  std::vector<std::int64_t> chosen;
  for (std::int64_t i = 0; i < std::min(b.size(0), b.size(1)); ++i) {
    const Tensor sizes = rest.norm(2, 0);
    const auto pivot = sizes.argmax().item<std::int64_t>();
    if (!(sizes[pivot].item<double>() > kCombination)) break;
    chosen.push_back(pivot);
    const Tensor q = rest.select(1, pivot) / sizes[pivot];
    for (int pass = 0; pass < 2; ++pass) rest = rest - at::outer(q, rest.t().mv(q));
    rest.select(1, pivot).zero_();
  }
  std::sort(chosen.begin(), chosen.end());
  return at::tensor(chosen, at::kLong);
}

class BlockConjugateGradient : public RefinedSolver {
 public:
  BlockConjugateGradient(const Settings&, const SolverLimits& limits) : RefinedSolver(limits) {}

 protected:
  InnerResult round(const Run& run, const Tensor& b, const Tensor& target, std::int64_t iterations,
                    SolveReport& report) const override {
    const Tensor chosen = spanning_columns(b);
    if (chosen.numel() == b.size(1)) return solve_block(run, b, target, iterations, report);
    const Tensor independent = b.index_select(1, chosen);
    InnerResult result =
        solve_block(run, independent, target.index_select(0, chosen), iterations, report);
    // b = independent * weights, with columns of length 1 for the sake of the factor's condition.
    const Tensor sizes = independent.norm(2, 0);
    const auto [q, r] = at::linalg_qr(independent / sizes);
    const Tensor weights =
        at::linalg_solve_triangular(r, q.t().mm(b), /*upper=*/true) / sizes.unsqueeze(1);
    // What was solved for itself is not touched.
    result.x = result.x.mm(weights).index_copy(1, chosen, result.x);
    return result;
  }

 private:
  static InnerResult solve_block(const Run& run, const Tensor& b, const Tensor& target,
                                 std::int64_t iterations, SolveReport& report) {
    InnerResult result{at::zeros_like(b)};
    Tensor ids = at::arange(b.size(1), at::kLong);
    Tensor goal = target;
    Tensor last = at::full_like(target, std::numeric_limits<double>::infinity());
    Tensor x = at::zeros_like(b);
    Tensor r = b.clone();
    const auto end = [&](SolveStatus status) {
      result.status = status;
      result.x.index_copy_(1, ids, x);
      return result;
    };
    Tensor p = orthonormal_basis(run.precondition(r));
    while (result.iterations < iterations) {
      if (run.stop()) return end(SolveStatus::kStopped);
      if (p.size(1) == 0) return end(SolveStatus::kConverged);
      const Tensor q = run.matrix.apply(p);
      if (!at::isfinite(q).all().item<bool>()) return end(SolveStatus::kNonFinite);
      const Tensor block = p.t().mm(q);
      const auto [w, v] = at::linalg_eigh((block + block.t()) / 2);
      const double lowest = w[0].item<double>();
      if (lowest <= kCurvatureRounding * run.matrix.largest_gain()) {
        note_negative_direction(p.mv(v.select(1, 0)), lowest, report);
        return end(SolveStatus::kNegativeCurvature);
      }
      widen_ritz_values(lowest, w[-1].item<double>(), report);
      const Tensor inverse = (v / w).mm(v.t());
      const Tensor step = inverse.mm(p.t().mm(r));
      ++result.iterations;
      x.add_(p.mm(step));
      r.sub_(q.mm(step));
      Tensor is_open = r.norm(2, 0) > goal;
      if (result.iterations % kReplaceEvery == 0) {
        const Drift drift = replace_residuals(run.matrix, b.index_select(1, ids), x, r, last);
        is_open = (r.norm(2, 0) > goal).logical_and(drift.is_stuck.logical_not());
      }
      if (!is_open.all().item<bool>()) {
        result.x.index_copy_(1, ids, x);
        const Tensor kept = is_open.nonzero().squeeze(1);
        ids = ids.index_select(0, kept);
        goal = goal.index_select(0, kept);
        last = last.index_select(0, kept);
        for (Tensor* t : {&x, &r}) *t = t->index_select(1, kept);
        if (ids.numel() == 0) return end(SolveStatus::kConverged);
      }
      const Tensor z = run.precondition(r);
      if (!at::isfinite(z).all().item<bool>()) return end(SolveStatus::kNonFinite);
      p = orthonormal_basis(z - p.mm(inverse.mm(q.t().mm(z))));
    }
    return end(SolveStatus::kMaxIterations);
  }
};

}  // namespace

SolverInfo block_cg_solver() {
  return {.name = "block_cg",
          .summary = "conjugate gradients for many right-hand sides in one Krylov space",
          .reference = "Ji and Li 2017, BIT 57",
          .singular = true,
          .preconditioned = true,
          .shares_columns = true,
          .make = make_solver_of<BlockConjugateGradient>};
}

}  // namespace oubli
