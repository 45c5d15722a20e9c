// The Hessian of the objective over a set:
//
//   H = (1/n) sum_i d^2 l_i / dtheta^2 + lambda I
//
// Source: Pearlmutter 1994, the R-operator: the derivative of the gradient along v, layer by layer.
// Away from a minimum it need not be positive semi-definite; for models linear in their parameters
// it is the Gauss-Newton matrix. Where ReLU and max-pooling have kinks the derivative is that of
// the side that the forward pass takes.
//
// Cost: one sample-gradient for each example to linearise; two for each example and column.
#pragma once

#include "core/curvature/data_operator.h"

namespace oubli {

class Hessian : public DataOperator {
 public:
  Hessian(const Model& model, const Subset& subset, const Objective& objective, CostMeter& cost,
          const DataOperatorOptions& options = {});
  std::string describe() const override;

 protected:
  void prepare(Piece& piece, std::int64_t begin) const override;
  void add_product(Piece& piece, const Tensors& v, Tensors& sums) const override;
  double prepare_products() const override { return 2; }
  double column_products() const override { return 6; }
};

}  // namespace oubli
