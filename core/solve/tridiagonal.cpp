#include "core/solve/tridiagonal.h"

#include <ATen/ATen.h>

#include <Eigen/Eigenvalues>
#include <algorithm>

#include "core/base/error.h"

namespace oubli {

TridiagonalEigen tridiagonal_eigen(const std::vector<double>& diagonal,
                                   const std::vector<double>& off_diagonal, bool with_vectors) {
  const auto size = static_cast<Eigen::Index>(diagonal.size());
  if (size == 0) {
    return {at::zeros({0}, at::kDouble), with_vectors ? at::zeros({0, 0}, at::kDouble) : Tensor()};
  }
  const Eigen::Map<const Eigen::VectorXd> main(diagonal.data(), size);
  const Eigen::Map<const Eigen::VectorXd> beside(off_diagonal.data(), size - 1);
  double scale = main.cwiseAbs().maxCoeff();
  if (size > 1) scale = std::max(scale, beside.cwiseAbs().maxCoeff());
  if (!(scale > 0)) scale = 1;
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver;
  solver.computeFromTridiagonal(main / scale, beside / scale,
                                with_vectors ? Eigen::ComputeEigenvectors : Eigen::EigenvaluesOnly);
  if (solver.info() != Eigen::Success) {
    throw Error(ErrorKind::kNumerics, "the eigenvalues of a tridiagonal matrix did not converge");
  }
  Eigen::VectorXd values = solver.eigenvalues() * scale;
  TridiagonalEigen result;
  result.values = at::from_blob(values.data(), {size}, at::kDouble).clone();
  if (with_vectors) {
    // Eigen stores columns one after another: read as rows, this is the transpose.
    Eigen::MatrixXd vectors = solver.eigenvectors();
    result.vectors = at::from_blob(vectors.data(), {size, size}, at::kDouble).t().clone();
  }
  return result;
}

}  // namespace oubli
