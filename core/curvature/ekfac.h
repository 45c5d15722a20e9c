// EK-FAC: K-FAC's eigenbasis with the right eigenvalues in it.
//
//   M = blocks (Q_G (x) Q_A) diag(Lambda) (Q_G (x) Q_A)', the diagonal where there is no block,
//       + l2 I
//   Lambda_ij = E[((Q_G' dW_n Q_A)_ij)^2],   dW_n summed over positions, groups apart, and uses
//
// A = Q_A D_A Q_A' and G = Q_G D_G Q_G' are the factors of kronecker_factors.h. Source: George et
// al. 2018 (arXiv 1806.03884), equation 8. Lambda is the best diagonal in that basis: for the same
// targets the error in Frobenius norm is never above K-FAC's. With one position Lambda is
// ((g Q_G)^2)' ((a Q_A)^2) / n, no gradient of an example formed.
//
// The inverse, exact for any damping, and draws: kronecker_operator.h. Eigenbases are float64.
//
// Cost for each example: that of the factors, and 1/3 + 4/3 sample-gradients for each output
// (expected), draw, or once (empirical): the set is passed over twice, with the same draws.
#pragma once

#include "core/curvature/kronecker_operator.h"

namespace oubli {

class Ekfac : public KroneckerCurvature {
 public:
  Ekfac(const Model& model, const Subset& subset, const Objective& objective, CostMeter& cost,
        const KroneckerOptions& options = {});
  Tensor apply(const Tensor& v) const override { return product_->apply(v); }
  std::string describe() const override { return product_->describe(); }

 protected:
  const KroneckerSpectrum& spectrum() const override { return spectrum_; }

 private:
  Ekfac(const KroneckerFactors& factors, const Model& model, const Subset& subset,
        const Objective& objective, CostMeter& cost, const KroneckerOptions& options);

  KroneckerSpectrum spectrum_;
  OperatorPtr product_;
};

}  // namespace oubli
