// Linear operators on parameter vectors, known by what they do: curvature matrices are never
// formed.
#pragma once

#include <cstdint>
#include <memory>

#include "core/base/tensor.h"

namespace oubli {

// A symmetric matrix of size dim. Vectors are float64.
class LinearOperator {
 public:
  virtual ~LinearOperator() = default;
  virtual std::int64_t dim() const = 0;
  // A V for V of shape [dim, k]: many right-hand sides at once are the primitive.
  virtual Tensor apply(const Tensor& v) const = 0;
  // The matrix itself [dim, dim], by applying to the identity. For tests and small problems.
  Tensor as_dense() const;
};

// A + shift * I. The operator must outlive the result.
class DampedOperator : public LinearOperator {
 public:
  DampedOperator(const LinearOperator& base, double damping) : base_(base), damping_(damping) {}
  std::int64_t dim() const override { return base_.dim(); }
  Tensor apply(const Tensor& v) const override { return base_.apply(v).add(v, damping_); }

 private:
  const LinearOperator& base_;
  double damping_;
};

class DenseOperator : public LinearOperator {
 public:
  explicit DenseOperator(Tensor matrix) : matrix_(std::move(matrix)) {}
  std::int64_t dim() const override { return matrix_.size(0); }
  Tensor apply(const Tensor& v) const override { return matrix_.mm(v); }

 private:
  Tensor matrix_;
};

}  // namespace oubli
