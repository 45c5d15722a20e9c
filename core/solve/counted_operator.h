// An operator that counts the columns it was applied to, and remembers the largest |A v| / |v|,
// which is a lower bound of the norm of A and sets the scale of rounding errors. Not for use by
// several threads at once.
#pragma once

#include <algorithm>

#include "core/curvature/linear_operator.h"

namespace oubli {

// The operator must outlive this one.
class CountedOperator : public LinearOperator {
 public:
  explicit CountedOperator(const LinearOperator& base) : base_(base) {}
  std::int64_t dim() const override { return base_.dim(); }
  Tensor apply(const Tensor& v) const override;
  std::optional<double> eigenvalue_floor() const override { return base_.eigenvalue_floor(); }
  double column_cost() const override { return base_.column_cost(); }
  double precision() const override { return base_.precision(); }
  std::string describe() const override { return base_.describe(); }

  std::int64_t products() const { return products_; }
  double sample_gradients() const { return static_cast<double>(products_) * column_cost(); }
  double largest_gain() const { return largest_gain_; }

  // What rounding can make of an eigenvalue of 0, as a share of the largest in size: rounding of
  // products, and of a float64 decomposition of this order.
  double eigenvalue_rounding(std::int64_t order) const {
    return std::max(8 * precision(), static_cast<double>(order) * kDoubleEpsilon);
  }

 private:
  const LinearOperator& base_;
  mutable std::int64_t products_ = 0;
  mutable double largest_gain_ = 0;
};

}  // namespace oubli
