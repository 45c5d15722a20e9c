// Matrices of the form (1/n) sum_i J_i' B_i J_i + lambda I, J = df/dtheta, lambda of the objective,
// which differ in B [c, c]:
//
//   GaussNewton      B = A, the Hessian of the loss in the outputs. For softmax cross-entropy, and
//                    for the squared error seen as a Gaussian of unit variance, this is also the
//                    expected Fisher matrix F = E_x E_{y ~ p(.|x)} s s' (Martens 2020)
//   EmpiricalFisher  B = g g' with g the loss's gradient in the outputs at the data's own target.
//                    Not an estimate of the other
//
// both positive semi-definite where no example has a negative weight. Source of the product
// J'(B(J v)): Schraudolph 2002.
//
// Cost: a third of a sample-gradient for each example to linearise, 4/3 for each and column.
#pragma once

#include "core/curvature/data_operator.h"

namespace oubli {

class GaussNewton : public DataOperator {
 public:
  GaussNewton(const Model& model, const Subset& subset, const Objective& objective, CostMeter& cost,
              const DataOperatorOptions& options = {});
  // lambda; nothing where an example has a negative weight.
  std::optional<double> eigenvalue_floor() const override;
  std::string describe() const override;

 protected:
  // B u for each example.
  virtual Tensor output_product(const Piece& piece, const Tensor& u) const;

  void prepare(Piece&, std::int64_t) const override {}
  void add_product(Piece& piece, const Tensors& v, Tensors& sums) const override;
  double prepare_products() const override { return 0; }
  double column_products() const override { return 4; }
};

class EmpiricalFisher : public GaussNewton {
 public:
  EmpiricalFisher(const Model& model, const Subset& subset, const Objective& objective,
                  CostMeter& cost, const DataOperatorOptions& options = {});
  std::string describe() const override;

 protected:
  void prepare(Piece& piece, std::int64_t begin) const override;
  Tensor output_product(const Piece& piece, const Tensor& u) const override;
};

}  // namespace oubli
