#include "core/curvature/linear_operator.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"

namespace oubli {
namespace {

// Columns of the identity at a time: the identity as a whole would double the memory.
constexpr std::int64_t kColumns = 1024;

}  // namespace

std::string LinearOperator::describe() const {
  return fmt::format("a symmetric operator of size {}", dim());
}

Tensor LinearOperator::as_dense(std::int64_t limit) const {
  const std::int64_t n = dim();
  if (n > limit) {
    throw Error(ErrorKind::kUsage,
                fmt::format("{} is not formed as a dense matrix: its size {} is above the limit "
                            "{}. Use a solver that needs products only.",
                            describe(), n, limit));
  }
  Tensor dense = at::empty({n, n}, at::kDouble);
  for (std::int64_t begin = 0; begin < n; begin += kColumns) {
    const std::int64_t width = std::min(kColumns, n - begin);
    Tensor columns = at::zeros({n, width}, at::kDouble);
    columns.narrow(0, begin, width).fill_diagonal_(1);
    dense.narrow(1, begin, width).copy_(apply(columns));
  }
  return dense;
}

std::optional<double> DampedOperator::eigenvalue_floor() const {
  const std::optional<double> floor = base_.eigenvalue_floor();
  return floor ? std::optional(*floor + damping_) : std::nullopt;
}

std::string DampedOperator::describe() const {
  return fmt::format("{} + {:.3g} I", base_.describe(), damping_);
}

DenseOperator::DenseOperator(Tensor matrix, std::optional<double> floor)
    : matrix_(std::move(matrix)), floor_(floor) {
  if (matrix_.dim() != 2 || matrix_.size(0) != matrix_.size(1)) {
    throw Error(ErrorKind::kUsage, "a dense operator is made from a square matrix");
  }
}

std::string DenseOperator::describe() const {
  return fmt::format("a dense matrix of size {}", dim());
}

}  // namespace oubli
