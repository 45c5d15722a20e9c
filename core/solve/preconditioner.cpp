#include "core/solve/preconditioner.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/base/error.h"
#include "core/curvature/diagonal_operators.h"

namespace oubli {
namespace {

// Says what it is rather than how it is held.
class Named : public LinearOperator {
 public:
  Named(OperatorPtr base, std::string name) : base_(std::move(base)), name_(std::move(name)) {}
  std::int64_t dim() const override { return base_->dim(); }
  Tensor apply(const Tensor& v) const override { return base_->apply(v); }
  std::optional<double> eigenvalue_floor() const override { return base_->eigenvalue_floor(); }
  double column_cost() const override { return base_->column_cost(); }
  std::string describe() const override { return name_; }

 private:
  OperatorPtr base_;
  std::string name_;
};

}  // namespace

OperatorPtr jacobi_preconditioner(const Tensor& entries, double damping) {
  const Tensor m = entries + damping;
  if (!(m > 0).logical_and(at::isfinite(m)).all().item<bool>()) {
    throw Error(ErrorKind::kNumerics,
                fmt::format("a Jacobi preconditioner needs a positive diagonal; the smallest entry "
                            "with the damping {:.3g} is {:.3g}. Raise the damping.",
                            damping, m.min().item<double>()));
  }
  return std::make_shared<Named>(diagonal_operator(m.reciprocal()), "jacobi");
}

OperatorPtr nystroem_preconditioner(const NystroemApproximation& approximation, double damping) {
  if (!approximation.defined()) {
    throw Error(ErrorKind::kNumerics,
                approximation.rayleigh_quotient
                    ? fmt::format("a Nystroem preconditioner needs a positive semi-definite "
                                  "matrix; a direction of curvature {:.3g} was met. Use the "
                                  "Gauss-Newton matrix.",
                                  *approximation.rayleigh_quotient)
                    : "a Nystroem preconditioner cannot be made: a product is not finite");
  }
  const Tensor shifted = approximation.values + damping;
  const double smallest = shifted.min().item<double>();
  if (!(smallest > 0)) {
    throw Error(ErrorKind::kNumerics,
                "a Nystroem preconditioner of a matrix of lower rank needs damping");
  }
  return std::make_shared<Named>(spectral(approximation.vectors, smallest / shifted, 1),
                                 fmt::format("nystroem of rank {}", shifted.numel()));
}

}  // namespace oubli
