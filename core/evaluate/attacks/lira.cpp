#include "core/evaluate/attacks/lira.h"

#include <ATen/ATen.h>

#include <cmath>

namespace oubli {
namespace {

constexpr double kLeastVariance = 1e-12;
constexpr double kEnoughForOwnVariance = 64;

Tensor log_density(const GaussianFit& fit, const Tensor& x) {
  return -0.5 * ((x - fit.mean).square() / fit.variance + fit.variance.log());  // up to a constant
}

}  // namespace

GaussianFit fit_gaussians(const Tensor& phi, const Tensor& mask) {
  const Tensor count = mask.sum(0).to(at::kDouble);
  const auto sum = [&](const Tensor& terms) {
    return at::where(mask, terms, at::zeros_like(terms)).sum(0);
  };
  const Tensor values = phi.to(at::kDouble);
  GaussianFit fit;
  fit.mean = sum(values) / count;
  fit.variance = sum((values - fit.mean).square()) / (count - 1);
  if (count.numel() > 0 && count.min().item<double>() < kEnoughForOwnVariance) {
    // The mean of none is not a number, as documented.
    fit.variance = fit.variance.index({count.ge(2)}).mean().expand_as(fit.variance);
  }
  fit.variance = fit.variance.clamp_min(kLeastVariance);
  return fit;
}

LiraFit fit_lira(const Tensor& phi, const Tensor& member) {
  return {fit_gaussians(phi, member), fit_gaussians(phi, member.logical_not())};
}

Tensor lira_online_scores(const LiraFit& fit, const Tensor& observed) {
  return log_density(fit.in, observed) - log_density(fit.out, observed);
}

Tensor lira_offline_scores(const GaussianFit& out, const Tensor& observed) {
  return -at::special_log_ndtr((out.mean - observed) / out.variance.sqrt());
}

}  // namespace oubli
