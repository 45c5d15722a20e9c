// MINRES: the least residual over the Krylov space, for symmetric matrices that may be indefinite
// or singular.
//
// Lanczos makes A tridiagonal; a QR factorisation of that, updated by one rotation an iteration,
// gives the x of least |b - A x|. Source: Paige and Saunders 1975; the recurrences of
// Choi, Paige and Saunders 2011 (SIAM J. Sci. Comput. 33), table 3.1, with a positive definite
// preconditioner. The residual vector is followed by r = s^2 r - (c phi / gamma) z, equal to theirs
// without a division by beta, so that the norm tested is the one asked for, preconditioned or not.
//
// On a singular system that has a solution it returns one, without a preconditioner the shortest;
// on one that has none, a least-squares solution and Breakdown. Negative eigenvalues are solved
// with; a Lanczos vector of v'Av < 0 is reported as the negative direction beside the solution.
// A MINRES residual falls steadily, but its error grows with the square of the condition number
// (Sleijpen, van der Vorst and Modersitzki 2000): the rounds of core/solve/refinement.h undo that.
//
// Cost: one product for each open column and iteration, and one for each round's true residual.
#include <ATen/ATen.h>

#include <limits>

#include "core/base/precision.h"
#include "core/solve/refinement.h"

namespace oubli {
namespace {

constexpr double kSingular = 32 * kDoubleEpsilon;

// The state of the recurrences: vectors are [dim, k], scalars [k], k the columns still open.
struct State {
  Tensor ids, goal, x, residual;
  Tensor before, z, y;  // z: the next Lanczos vector times beta; y = M^-1 z; before: z's forerunner
  Tensor w, w_before;
  Tensor beta, beta_before, dbar, epsilon, phi, cosine, sine;
  Tensor scale;     // the largest entry of T: what its rounding is measured against
  Tensor is_ended;  // columns that can get no nearer in this round

  State(const Tensor& b, const Tensor& target, const Tensor& preconditioned)
      : ids(at::arange(b.size(1), at::kLong)),
        goal(target),
        x(at::zeros_like(b)),
        residual(b),
        before(at::zeros_like(b)),
        z(b),
        y(preconditioned),
        w(before),
        w_before(before),
        beta(column_products(b, preconditioned).sqrt()),
        beta_before(at::ones_like(target)),
        dbar(at::zeros_like(target)),
        epsilon(dbar),
        phi(beta),
        cosine(at::full_like(target, -1)),
        sine(dbar),
        scale(dbar),
        is_ended(at::zeros_like(target, at::kBool)) {}

  void keep(const Tensor& columns) {
    for (Tensor* t : {&x, &residual, &before, &z, &y, &w, &w_before}) {
      *t = t->index_select(1, columns);
    }
    for (Tensor* t : {&ids, &goal, &beta, &beta_before, &dbar, &epsilon, &phi, &cosine, &sine,
                      &scale, &is_ended}) {
      *t = t->index_select(0, columns);
    }
  }
};

class Minres : public RefinedSolver {
 public:
  Minres(const Settings&, const SolverLimits& limits) : RefinedSolver(limits) {}

 protected:
  InnerResult round(const Run& run, const Tensor& b, const Tensor& target, std::int64_t iterations,
                    SolveReport& report) const override {
    InnerResult result{at::zeros_like(b)};
    State s(b, target, run.precondition(b));
    std::vector<std::vector<double>> diagonals(static_cast<std::size_t>(b.size(1)));
    std::vector<std::vector<double>> off_diagonals(diagonals.size());
    const auto end = [&](SolveStatus status) {
      result.status = status;
      result.x.index_copy_(1, s.ids, s.x);
      for (std::size_t j = 0; run.preconditioner == nullptr && j < diagonals.size(); ++j) {
        widen_ritz_values(diagonals[j], off_diagonals[j], report);
      }
      return result;
    };
    const auto is_unsound = [&] {
      const Tensor squares = column_products(s.z, s.y);
      // Near the end z is rounding, and so is the sign of z'M^-1 z.
      if ((squares >= -kDoubleEpsilon * s.z.norm(2, 0) * s.y.norm(2, 0)).all().item<bool>())
        return false;
      note_unsound_preconditioner(squares.min().item<double>(), report);
      return true;
    };
    if (is_unsound()) return end(SolveStatus::kBreakdown);
    while (result.iterations < iterations) {
      if (run.stop()) return end(SolveStatus::kStopped);
      const Tensor v = s.y / s.beta;
      const Tensor product = run.matrix.apply(v);
      if (!at::isfinite(product).all().item<bool>()) return end(SolveStatus::kNonFinite);
      const Tensor alpha = advance(run, s, v, product);
      ++result.iterations;
      if (is_unsound()) return end(SolveStatus::kBreakdown);
      const Tensor quotient = alpha / column_products(v, v);
      const auto lowest = quotient.argmin().item<std::int64_t>();
      if (quotient[lowest].item<double>() < 0) {
        note_negative_direction(v.select(1, lowest), quotient[lowest].item<double>(), report);
      }
      if (run.preconditioner != nullptr) {
        widen_ritz_values(quotient.min().item<double>(), quotient.max().item<double>(), report);
      }
      for (std::int64_t j = 0; j < s.ids.numel(); ++j) {
        const auto id = static_cast<std::size_t>(s.ids[j].item<std::int64_t>());
        diagonals[id].push_back(alpha[j].item<double>());
        off_diagonals[id].push_back(s.beta[j].item<double>());
      }
      const Tensor is_open = (s.residual.norm(2, 0) > s.goal).logical_and(s.is_ended.logical_not());
      if (!is_open.all().item<bool>()) {
        result.x.index_copy_(1, s.ids, s.x);
        s.keep(is_open.nonzero().squeeze(1));
        if (s.ids.numel() == 0) return end(SolveStatus::kConverged);
      }
    }
    return end(SolveStatus::kMaxIterations);
  }

 private:
  // One Lanczos step and one rotation. `v` = y / beta, the current Lanczos vector; `product` = A v.
  // Returns v'Av.
  static Tensor advance(const Run& run, State& s, const Tensor& v, const Tensor& product) {
    Tensor next = product - s.before * (s.beta / s.beta_before);
    Tensor alpha = column_products(v, next);
    next = next - s.z * (alpha / s.beta);
    s.before = s.z;
    s.z = next;
    s.y = run.precondition(next);
    s.beta_before = s.beta;
    s.beta = column_products(s.z, s.y).clamp_min(0).sqrt();

    const Tensor epsilon_before = s.epsilon;
    const Tensor delta = s.cosine * s.dbar + s.sine * alpha;
    const Tensor gbar = s.sine * s.dbar - s.cosine * alpha;
    s.epsilon = s.sine * s.beta;
    s.dbar = -s.cosine * s.beta;
    const Tensor norm = at::hypot(gbar, s.beta);
    s.scale = at::maximum(s.scale, at::maximum(alpha.abs(), s.beta));
    // Where beta is zero the Krylov space is used up; where the factor's last entry is zero as well
    // the system is singular and x the least-squares solution, to which a further step would add a
    // null vector of any length. An infinite gamma makes that step zero.
    s.is_ended = s.beta <= kSingular * s.scale;
    const Tensor gamma =
        norm.masked_fill(norm <= kSingular * s.scale, std::numeric_limits<double>::infinity());
    s.cosine = gbar / gamma;
    s.sine = s.beta / gamma;
    const Tensor w_next = (v - s.w_before * epsilon_before - s.w * delta) / gamma;
    s.w_before = s.w;
    s.w = w_next;
    s.x = s.x + s.w * (s.cosine * s.phi);
    s.residual = s.residual * s.sine.square() - s.z * (s.cosine * s.phi / gamma);
    s.phi = s.sine * s.phi;
    return alpha;
  }
};

}  // namespace

SolverInfo minres_solver() {
  return {.name = "minres",
          .summary = "least residuals, for indefinite and singular matrices",
          .reference = "Paige and Saunders 1975",
          .indefinite = true,
          .singular = true,
          .preconditioned = true,
          .make = make_solver_of<Minres>};
}

}  // namespace oubli
