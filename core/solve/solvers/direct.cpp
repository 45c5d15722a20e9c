// The dense solve: the matrix is formed, one product a column, and factorised in float64.
//
// Cholesky where A is positive definite (and not singular within rounding), followed by two steps
// of iterative refinement. Else the decomposition A = V diag(l) V', with eigenvalues below
// dim eps max|l| taken for zero: the shortest solution of a singular system that has one, and on an
// indefinite matrix the solution, with the lowest eigenvector as the negative direction. Eigen's
// LLT and SelfAdjointEigenSolver.
//
// Refuses a matrix above `max_dim` with Error(kUsage): memory is 8 dim^2 bytes, several times over,
// and time dim^3 (9 dim^3 for the decomposition). The extreme eigenvalues reported are those of the
// decomposition, or Rayleigh quotients after 20 steps of (inverse) iteration.
// Cost: dim products, and one for each right-hand side's closing residual.
#include <ATen/ATen.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>

#include "core/base/precision.h"
#include "core/solve/refinement.h"

namespace oubli {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr int kRefinements = 2;
constexpr int kIterationSteps = 20;

MatrixXd to_eigen(const Tensor& t) {
  const Tensor contiguous = t.contiguous();
  return Eigen::Map<const RowMajor>(contiguous.data_ptr<double>(), t.size(0), t.size(1));
}

Tensor to_tensor(const RowMajor& m) {
  return at::from_blob(const_cast<double*>(m.data()), {m.rows(), m.cols()}, at::kDouble).clone();
}

// The Rayleigh quotient after some steps v <- f(v) / |f(v)|.
template <typename Step>
double iterate_quotient(const MatrixXd& a, VectorXd v, Step&& step) {
  for (int i = 0; i < kIterationSteps; ++i) v = step(v).normalized();
  return v.dot(a * v);
}

class Direct : public Solver {
 public:
  Direct(const Settings& settings, const SolverLimits& limits) : Solver(limits) {
    max_dim_ = settings.integer("max_dim", {.default_value = 5000,
                                            .at_least = 1,
                                            .at_most = kDenseLimit,
                                            .doc = "the largest matrix that is formed"});
  }

 protected:
  Iterate run(const Run& run, SolveReport& report) const override {
    if (run.stop()) {
      report.status = SolveStatus::kStopped;
      return {at::zeros_like(run.b)};
    }
    const Tensor dense = run.matrix.as_dense(max_dim_);
    if (!at::isfinite(dense).all().item<bool>()) {
      report.status = SolveStatus::kNonFinite;
      return {at::zeros_like(run.b)};
    }
    const MatrixXd a = to_eigen((dense + dense.t()) / 2);
    const MatrixXd b = to_eigen(run.b);
    const double rounding = static_cast<double>(a.rows()) * kDoubleEpsilon;
    const Eigen::LLT<MatrixXd> factor(a);
    if (factor.info() == Eigen::Success && factor.rcond() > rounding) {
      return {solve_definite(a, b, factor, report)};
    }
    return {solve_any(a, b, rounding, run.matrix.eigenvalue_rounding(a.rows()), report)};
  }

 private:
  static Tensor solve_definite(const MatrixXd& a, const MatrixXd& b,
                               const Eigen::LLT<MatrixXd>& factor, SolveReport& report) {
    MatrixXd x = factor.solve(b);
    for (int i = 0; i < kRefinements; ++i) x += factor.solve(b - a * x);
    widen_ritz_values(
        iterate_quotient(a, x.col(0),
                         [&](const VectorXd& v) -> VectorXd { return factor.solve(v); }),
        iterate_quotient(a, b.col(0), [&](const VectorXd& v) -> VectorXd { return a * v; }),
        report);
    return to_tensor(x);
  }

  static Tensor solve_any(const MatrixXd& a, const MatrixXd& b, double rounding, double zero,
                          SolveReport& report) {
    const Eigen::SelfAdjointEigenSolver<MatrixXd> decomposition(a);
    const VectorXd& l = decomposition.eigenvalues();
    const MatrixXd& v = decomposition.eigenvectors();
    const double cut = rounding * l.cwiseAbs().maxCoeff();
    const VectorXd inverse =
        (l.array().abs() > cut).select(l.array().inverse(), VectorXd::Zero(l.size()).array());
    widen_ritz_values(l(0), l(l.size() - 1), report);
    if (l(0) < -zero * l.cwiseAbs().maxCoeff()) {
      note_negative_direction(to_tensor(v.col(0)).squeeze(1), l(0), report);
    }
    MatrixXd x = v * (inverse.asDiagonal() * (v.transpose() * b));
    x += v * (inverse.asDiagonal() * (v.transpose() * (b - a * x)));
    return to_tensor(x);
  }

  std::int64_t max_dim_;
};

}  // namespace

SolverInfo direct_solver() {
  return {.name = "direct",
          .summary = "dense Cholesky or eigen-decomposition, for small models",
          .reference = "Golub and Van Loan 2013, chapters 4 and 8",
          .indefinite = true,
          .singular = true,
          .shares_columns = true,
          .make = make_solver_of<Direct>};
}

}  // namespace oubli
