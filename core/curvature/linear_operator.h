// Linear operators on parameter vectors, known by what they do: curvature matrices are never
// formed.
//
// Vectors are float64.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/base/precision.h"
#include "core/base/tensor.h"

namespace oubli {

// The largest matrix that as_dense() forms: 3.2 GB.
constexpr std::int64_t kDenseLimit = 20'000;

// A symmetric matrix of size dim.
class LinearOperator {
 public:
  virtual ~LinearOperator() = default;
  virtual std::int64_t dim() const = 0;
  // A V for V of shape [dim, k]: many right-hand sides at once are the primitive.
  virtual Tensor apply(const Tensor& v) const = 0;

  // A number that no eigenvalue is below, where theory gives one: lambda for a Gauss-Newton or
  // Fisher matrix plus lambda I, nothing for the Hessian of a model that is not convex. Never an
  // estimate: the error bounds of solves rest on it.
  virtual std::optional<double> eigenvalue_floor() const { return std::nullopt; }
  // Sample-gradients that one column of apply() costs; 0 where no data is visited.
  virtual double column_cost() const { return 0; }
  // How exactly apply() knows A v, relative to |A| |v|: the rounding of float64, or of the model's
  // type where products run in it.
  virtual double precision() const { return kDoubleEpsilon; }
  // One line for reports.
  virtual std::string describe() const;

  // The matrix itself [dim, dim], by applying to the columns of the identity. For tests and small
  // problems: throws Error(kUsage) where dim is above `limit`.
  Tensor as_dense(std::int64_t limit = kDenseLimit) const;
};

using OperatorPtr = std::shared_ptr<const LinearOperator>;

// A + damping * I. The operator must outlive the result.
class DampedOperator : public LinearOperator {
 public:
  DampedOperator(const LinearOperator& base, double damping) : base_(base), damping_(damping) {}
  std::int64_t dim() const override { return base_.dim(); }
  Tensor apply(const Tensor& v) const override { return base_.apply(v).add(v, damping_); }
  std::optional<double> eigenvalue_floor() const override;
  double column_cost() const override { return base_.column_cost(); }
  double precision() const override { return base_.precision(); }
  std::string describe() const override;

 private:
  const LinearOperator& base_;
  double damping_;
};

// A matrix that is held: float64 [dim, dim], symmetric. `floor`: see eigenvalue_floor(). Throws
// Error(kUsage) where it is not square.
class DenseOperator : public LinearOperator {
 public:
  explicit DenseOperator(Tensor matrix, std::optional<double> floor = std::nullopt);
  std::int64_t dim() const override { return matrix_.size(0); }
  Tensor apply(const Tensor& v) const override { return matrix_.mm(v); }
  std::optional<double> eigenvalue_floor() const override { return floor_; }
  std::string describe() const override;

 private:
  Tensor matrix_;
  std::optional<double> floor_;
};

}  // namespace oubli
