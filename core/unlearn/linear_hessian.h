// The Hessian of a linear model whose loss sees each output by itself (squared error, logistic
// loss, one against rest), as a sum over examples:
//
//   H = for each output k:  sum_i l''_ik x_i x_i' + ridge I,   X held in memory: 8 n d bytes
//
// Vectors are [outputs d], one output after another, d with the bias. Cost of a column: two
// products for each example.
#pragma once

#include <optional>

#include "core/curvature/linear_operator.h"
#include "core/unlearn/linear_weights.h"
#include "core/unlearn/task.h"

namespace oubli {

// Squared error, logistic loss, or one against rest.
bool is_separable(const Objective& objective);
// What training a linear model writes down for Newton steps on it: X's largest singular value, and
// H^-1 at the model [outputs, d, d] where that takes no more than 16 MiB.
constexpr const char* kLargestSingular = "largest_singular";
constexpr const char* kInverseHessian = "inverse_hessian";
void record_for_newton(const Model& model, const Subset& trained, const Objective& objective,
                       MethodState& record);

class LinearHessian : public LinearOperator {
 public:
  // At the parameters w [d, outputs]. Counts one forward pass for each example.
  LinearHessian(const LinearWeights& weights, const Tensor& w, const Subset& subset,
                const Objective& objective, CostMeter& cost);

  std::int64_t dim() const override { return x_.size(1) * curvatures_.size(1); }
  Tensor apply(const Tensor& v) const override;
  std::optional<double> eigenvalue_floor() const override { return ridge_; }
  double column_cost() const override { return 2.0 / 3.0 * static_cast<double>(x_.size(0)); }

  const Tensor& inputs() const { return x_; }  // X, float64 [n, d]
  double ridge() const { return ridge_; }
  // H^-1 [outputs, d, d]: n d^2 and d^3 for each output.
  Tensor inverse() const;

 private:
  Tensor x_;
  Tensor curvatures_;  // l'' [n, outputs]
  double ridge_;
};

// [outputs, d, d], applied to such vectors: the inverse at another place as a preconditioner.
class BlockOperator : public LinearOperator {
 public:
  explicit BlockOperator(Tensor blocks) : blocks_(std::move(blocks)) {}
  std::int64_t dim() const override { return blocks_.size(0) * blocks_.size(1); }
  Tensor apply(const Tensor& v) const override;

 private:
  Tensor blocks_;
};

}  // namespace oubli
