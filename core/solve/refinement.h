// Rounds of an iterative solve, each on the true residual of the last: what the Krylov solvers
// share.
//
//   x = 0;  repeat  d ~ A^-1 (b - A x) by the inner iteration;  x += d
//
// An inner iteration follows a residual of its own, which drifts from b - A x by rounding. When it
// says that a column is done, the true residual is computed: the column is done if that agrees,
// given up if it is below the rounding of one product, eps (rho |x| + |b|), or has not halved since
// the round before, and goes into the next round otherwise. Iterative refinement, Wilkinson 1963,
// in one precision. Cost: one product for each open column and round.
#pragma once

#include <limits>

#include "core/solve/solver.h"

namespace oubli {

// How the inner iteration ended: kConverged where every column reached its target (or can get no
// nearer), else what stopped it. `column` is the one that met negative curvature; -1: no one's.
struct InnerResult {
  Tensor x;  // [dim, k]
  SolveStatus status = SolveStatus::kConverged;
  std::int64_t iterations = 0;
  std::int64_t column = -1;
};

class RefinedSolver : public Solver {
 public:
  using Solver::Solver;

 protected:
  // The inner iteration, from x = 0: b [dim, k], the residual's norm that each column is to reach
  // [k], iterations left. It fills in the report's negative direction and Ritz values; status,
  // iterations, and the message where it has no advice of its own, follow from its result.
  virtual InnerResult round(const Run& run, const Tensor& b, const Tensor& target,
                            std::int64_t iterations, SolveReport& report) const = 0;

 private:
  Iterate run(const Run& run, SolveReport& report) const final;
};

// a'b, column by column [k].
Tensor column_products(const Tensor& a, const Tensor& b);

// Below this share of the largest |Av| / |v| seen a Rayleigh quotient is rounding and counts as 0.
constexpr double kCurvatureRounding = 4 * std::numeric_limits<double>::epsilon();

// The message of a preconditioner M for which r'M^-1 r = `square` is not positive.
void note_unsound_preconditioner(double square, SolveReport& report);

// How often an inner iteration looks whether its residual has drifted.
constexpr std::int64_t kReplaceEvery = 50;
struct Drift {
  Tensor has_drifted;  // columns whose residual was replaced [k]
  Tensor is_stuck;  // those that have not halved since they last drifted: rounding is all there is
};
// Puts b - A x in the place of those columns of r that are further from it than a tenth of its
// length: replacing sooner costs the conjugacy of the directions, and with it iterations, for
// nothing. `last` [k]: their length when they last drifted, infinite at first; kept up here.
// Cost: one product a column.
Drift replace_residuals(const LinearOperator& matrix, const Tensor& b, const Tensor& x, Tensor& r,
                        Tensor& last);

// Extreme eigenvalues of a symmetric tridiagonal matrix, widening the report's Ritz values. At most
// the first 2000 rows count: the eigenvalues of a leading block lie inside the whole's.
void widen_ritz_values(const std::vector<double>& diagonal, const std::vector<double>& off_diagonal,
                       SolveReport& report);
void widen_ritz_values(double smallest, double largest, SolveReport& report);

// Remembers p/|p| and its Rayleigh quotient as the report's negative direction, if it is lower than
// the one there.
void note_negative_direction(const Tensor& p, double rayleigh_quotient, SolveReport& report);

}  // namespace oubli
