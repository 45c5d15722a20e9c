#include "core/curvature/kfac.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "core/base/error.h"

namespace oubli {
namespace {

// tr M / dim M for each group, [groups, 1, 1].
Tensor mean_eigenvalue(const Tensor& factor) {
  return factor.diagonal(0, -2, -1).mean(-1).view({-1, 1, 1});
}

Tensor inverse_of(const Tensor& factor, const Tensor& shift) {
  const Tensor damped = factor + shift * at::eye(factor.size(-1), at::kDouble);
  const auto [lower, failed] = at::linalg_cholesky_ex(damped);
  if (failed.any().item<bool>()) {
    throw Error(ErrorKind::kNumerics,
                "a Kronecker factor plus its share of the damping is singular. Use a larger "
                "damping.");
  }
  return at::cholesky_inverse(lower);
}

}  // namespace

Kfac::Kfac(const Model& model, const Subset& subset, const Objective& objective, CostMeter& cost,
           const KroneckerOptions& options)
    : Kfac(kronecker_factors(model, subset, objective, cost, options), objective.l2,
           fmt::format("K-FAC matrix, {}, l2 {:.3g} included",
                       to_string(options.resolved(model, subset, objective)), objective.l2)) {}

Kfac::Kfac(KroneckerFactors factors, double l2, std::string description)
    : KroneckerCurvature(factors, l2),
      factors_(std::move(factors)),
      description_(std::move(description)) {
  std::vector<KroneckerMap> maps;
  for (std::size_t i = 0; i < factors_.a.size(); ++i) {
    maps.push_back({factors_.g[i], factors_.a[i], {}});
  }
  product_ = std::make_shared<KroneckerOperator>(layout(), std::move(maps), diagonal(), l2, l2,
                                                 description_);
}

std::string Kfac::describe() const { return description_; }

const KroneckerSpectrum& Kfac::spectrum() const {
  std::call_once(made_, [&] { spectrum_ = spectrum_of_factors(factors_); });
  return spectrum_;
}

OperatorPtr Kfac::factored_inverse(double damping) const {
  const double root = std::sqrt(l2() + damping);
  std::vector<KroneckerMap> maps;
  for (std::size_t i = 0; i < factors_.a.size(); ++i) {
    const Tensor ratio = (mean_eigenvalue(factors_.a[i]) / mean_eigenvalue(factors_.g[i])).sqrt();
    // A factor that is zero leaves pi without a value, and any other does as well.
    const Tensor pi = at::where((ratio > 0).logical_and(at::isfinite(ratio)), ratio, 1.0);
    maps.push_back(
        {inverse_of(factors_.g[i], root / pi), inverse_of(factors_.a[i], root * pi), Tensor()});
  }
  return std::make_shared<KroneckerOperator>(
      layout(), std::move(maps), diagonal_powers(-1, damping), /*identity=*/0, /*floor=*/0,
      fmt::format("factored inverse of ({} + {:.3g} I)", describe(), damping));
}

}  // namespace oubli
