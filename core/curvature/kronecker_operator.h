// Matrices that are diagonal in a Kronecker-factored basis, one block for each weight: what Kfac
// and Ekfac have in common, as operators, inverses and normal draws.
//
// With V [out, in] the part of a vector that belongs to a weight, Q_G and Q_A orthogonal,
//
//   f(M) V = Q_G [f(Lambda + l2) o (Q_G' V Q_A)] Q_A'
//
// for any function f; parameters without a block have f(diagonal + l2). f(x) = 1 / (x + damping) is
// the exact damped inverse. Cost of a product: 2 out in (out + in) multiply-adds for each weight,
// no data.
#pragma once

#include "core/base/random.h"
#include "core/curvature/kronecker_factors.h"
#include "core/curvature/linear_operator.h"

namespace oubli {

// left [scale o (left' V right)] right' for one block, or left V right where there is no scale.
// Each float64: left [groups, out, out], right [groups, in, in], scale [groups, out, in].
struct KroneckerMap {
  Tensor left;
  Tensor right;
  Tensor scale;
};

// The maps block by block, and `diagonal` o v for the rest; plus identity * I.
class KroneckerOperator : public LinearOperator {
 public:
  // `diagonal`: float64 [dim], 0 where there is a block. `floor`: see eigenvalue_floor().
  KroneckerOperator(std::shared_ptr<const KroneckerLayout> layout, std::vector<KroneckerMap> maps,
                    Tensor diagonal, double identity, double floor, std::string description);
  std::int64_t dim() const override { return layout_->dim; }
  Tensor apply(const Tensor& v) const override;
  std::optional<double> eigenvalue_floor() const override { return floor_; }
  std::string describe() const override { return description_; }

 private:
  std::shared_ptr<const KroneckerLayout> layout_;
  std::vector<KroneckerMap> maps_;
  Tensor diagonal_;
  double identity_;
  double floor_;
  std::string description_;
};

// Q_A [groups, in, in], Q_G [groups, out, out] and Lambda [groups, out, in] for each block.
struct KroneckerSpectrum {
  Tensors inputs;
  Tensors outputs;
  Tensors eigenvalues;
};
// The eigenbases of the factors; Lambda_ij the product of their eigenvalues, none below 0.
KroneckerSpectrum spectrum_of_factors(const KroneckerFactors& factors);

class KroneckerCurvature : public LinearOperator {
 public:
  std::int64_t dim() const override { return layout_->dim; }
  // Positive semi-definite plus l2 I.
  std::optional<double> eigenvalue_floor() const override { return l2_; }

  // (M + damping I)^(-1), exact. M holds the objective's l2 already. Throws Error(kNumerics) where
  // the damped matrix is singular.
  OperatorPtr inverse(double damping) const;
  // One draw [dim] from N(0, alpha (M + damping I)^power): power -1 is the posterior of a Laplace
  // approximation, -1/2 the noise of Fisher forgetting. Throws as inverse().
  Tensor sample(double alpha, double power, double damping, Generator& generator) const;

  // Names of the parameters that have a diagonal in place of a Kronecker-factored block, and of
  // those among them whose layers have no rules.
  const std::vector<std::string>& diagonal_parameters() const {
    return layout_->diagonal_parameters;
  }
  const std::vector<std::string>& parameters_without_rules() const {
    return layout_->without_rules;
  }
  // That the latter have a diagonal, with their names, in words; "" where there are none.
  std::string note_without_rules() const;
  double l2() const { return l2_; }
  // The sum of the eigenvalues of M.
  double trace() const;

 protected:
  KroneckerCurvature(const KroneckerFactors& factors, double l2);
  virtual const KroneckerSpectrum& spectrum() const = 0;
  const std::shared_ptr<const KroneckerLayout>& layout() const { return layout_; }
  const Tensor& diagonal() const { return diagonal_; }
  // The diagonal + l2 + damping to a power, 0 where there is a block.
  Tensor diagonal_powers(double power, double damping) const;
  // l2 + damping, after a check that no eigenvalue plus it is 0.
  double damping_beside(const Tensor& eigenvalues, double damping) const;

 private:
  // Lambda + l2 + damping to a power, for each block.
  Tensors powers(double power, double damping) const;
  Tensor rest_;  // 1 where there is no block, 0 elsewhere

  std::shared_ptr<const KroneckerLayout> layout_;
  Tensor diagonal_;
  double l2_;
};

}  // namespace oubli
