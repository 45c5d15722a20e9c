#include "core/curvature/diagonal_operators.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace oubli {
namespace {

void require(bool condition, const std::string& message) {
  if (!condition) throw Error(ErrorKind::kUsage, message);
}

class Diagonal : public LinearOperator {
 public:
  explicit Diagonal(Tensor entries) : entries_(std::move(entries)) {
    require(entries_.dim() == 1 && entries_.numel() > 0, "a diagonal is a vector of entries");
    smallest_ = entries_.min().item<double>();
  }
  std::int64_t dim() const override { return entries_.numel(); }
  Tensor apply(const Tensor& v) const override { return v * entries_.unsqueeze(1); }
  std::optional<double> eigenvalue_floor() const override {
    return std::isfinite(smallest_) ? std::optional(smallest_) : std::nullopt;
  }
  std::string describe() const override { return fmt::format("a diagonal of size {}", dim()); }

 private:
  Tensor entries_;
  double smallest_ = 0;
};

class Spectral : public LinearOperator {
 public:
  Spectral(Tensor w, Tensor inside, double outside)
      : w_(std::move(w)), inside_(std::move(inside)), outside_(outside) {
    require(w_.dim() == 2 && inside_.dim() == 1 && w_.size(1) == inside_.numel(),
            "a spectral operator is made from W [dim, r] and r eigenvalues");
    smallest_ = w_.size(1) < w_.size(0) ? outside_ : std::numeric_limits<double>::infinity();
    if (inside_.numel() > 0) smallest_ = std::min(smallest_, inside_.min().item<double>());
  }
  std::int64_t dim() const override { return w_.size(0); }
  Tensor apply(const Tensor& v) const override {
    const Tensor within = w_.t().mm(v);
    Tensor rest = v - w_.mm(within);
    // Projected twice: what rounding left inside the span would be weighted as if it were outside.
    rest -= w_.mm(w_.t().mm(rest));
    return w_.mm(within * inside_.unsqueeze(1)).add_(rest, outside_);
  }
  std::optional<double> eigenvalue_floor() const override {
    return std::isfinite(smallest_) ? std::optional(smallest_) : std::nullopt;
  }
  std::string describe() const override {
    return fmt::format("{} eigenvalues and {:.3g} outside their span, of size {}", inside_.numel(),
                       outside_, dim());
  }

 private:
  Tensor w_;
  Tensor inside_;
  double outside_;
  double smallest_ = 0;
};

}  // namespace

OperatorPtr diagonal_operator(Tensor entries) {
  return std::make_shared<Diagonal>(std::move(entries));
}

OperatorPtr spectral(Tensor w, Tensor inside, double outside) {
  return std::make_shared<Spectral>(std::move(w), std::move(inside), outside);
}

}  // namespace oubli
