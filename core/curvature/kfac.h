// K-FAC: the Fisher matrix as one Kronecker product for each weight, cheap to make and to invert.
//
//   M = blocks G (x) A, the diagonal of the Fisher where there is no block, + l2 I
//   (G (x) A) vec(V) = vec(G V A),   V [out, in] row by row
//
// with A and G as in kronecker_factors.h. Source: Martens and Grosse 2015 (arXiv 1503.05671).
//
// Two damped inverses, which are not the same matrix:
//   inverse(d)            (M + d I)^(-1), exact, in the eigenbases of both factors
//   factored_inverse(d)   (G + sqrt(mu) / pi I)^(-1) (x) (A + pi sqrt(mu) I)^(-1), mu = l2 + d and
//                         pi = sqrt((tr A / dim A) / (tr G / dim G)): section 6.3 there. It damps
//                         directions in which one factor is large more than mu does, and needs
//                         Cholesky factors only, which cost a small part of eigenbases.
//                         Parameters without a block are damped by mu exactly
// Deviation: l2 is part of the matrix, as for GaussNewton.
//
// Exact for one example and position, where its target's Fisher has rank one, for one linear layer
// under the squared error, and for deep linear networks in the settings of kronecker_factors.h.
//
// Cost: that of the factors, counted there; no product and no inverse visits data.
#pragma once

#include <mutex>

#include "core/curvature/kronecker_operator.h"

namespace oubli {

class Kfac : public KroneckerCurvature {
 public:
  Kfac(const Model& model, const Subset& subset, const Objective& objective, CostMeter& cost,
       const KroneckerOptions& options = {});
  Tensor apply(const Tensor& v) const override { return product_->apply(v); }
  std::string describe() const override;

  // Throws Error(kNumerics) where a damped factor is singular.
  OperatorPtr factored_inverse(double damping) const;
  const KroneckerFactors& factors() const { return factors_; }

 protected:
  const KroneckerSpectrum& spectrum() const override;

 private:
  Kfac(KroneckerFactors factors, double l2, std::string description);

  KroneckerFactors factors_;
  std::string description_;
  OperatorPtr product_;
  mutable std::once_flag made_;
  mutable KroneckerSpectrum spectrum_;  // made when first asked for
};

}  // namespace oubli
