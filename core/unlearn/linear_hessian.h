// The Hessian of a linear model whose loss sees each output by itself (squared error, logistic
// loss, one against rest), as a sum over examples:
//
//   H = for each output k:  sum_i l''_ik x_i x_i' + ridge I
//
// Vectors are [outputs d], one output after another, d with the bias. The examples are read in
// blocks at each product, outputs and l'' with them, and never held: a product of one column is one
// pass through the data. Cost of a column: a sample-gradient for each example.
#pragma once

#include <optional>

#include "core/curvature/linear_operator.h"
#include "core/nn/linear_weights.h"
#include "core/unlearn/task.h"

namespace oubli {

// Squared error, logistic loss, or one against rest.
bool is_separable(const Objective& objective);

class LinearHessian : public LinearOperator {
 public:
  // At the parameters w [d, outputs].
  LinearHessian(const LinearWeights& weights, Tensor w, Subset subset, const Objective& objective);

  // What a step V [d, outputs] does, by one pass.
  struct Image {
    Tensor product;  // H V [d, outputs]
    Tensor along;    // X V [n, outputs]: what it adds to each example's outputs
  };
  Image image(const Tensor& step) const;

  std::int64_t dim() const override { return w_.numel(); }
  Tensor apply(const Tensor& v) const override;
  std::optional<double> eigenvalue_floor() const override { return ridge_; }
  double column_cost() const override { return static_cast<double>(subset_.size()); }

  double ridge() const { return ridge_; }
  // H [outputs, d, d]: n d^2 for each output.
  Tensor blocks() const;

 private:
  // l'' [b, outputs] of float64 inputs.
  Tensor curvatures_of(const Tensor& inputs) const;
  // Examples of the block that begins there, inputs float64, with l'' [b, outputs].
  struct Block {
    Tensor inputs, curvatures;
  };
  Block block(std::int64_t begin) const;

  LinearWeights weights_;
  Tensor w_;
  Subset subset_;
  Objective objective_;
  double ridge_;
};

// Of each block: d^3.
Tensor inverse_of_blocks(const Tensor& blocks);

// A factor times [outputs, d, d], applied to such vectors: the inverse at another place as a
// preconditioner.
class BlockOperator : public LinearOperator {
 public:
  explicit BlockOperator(Tensor blocks, double factor = 1)
      : blocks_(std::move(blocks)), factor_(factor) {}
  std::int64_t dim() const override { return blocks_.size(0) * blocks_.size(1); }
  Tensor apply(const Tensor& v) const override;

 private:
  Tensor blocks_;
  double factor_;
};

}  // namespace oubli
