#include "core/evaluate/attacks/lira.h"

#include <ATen/ATen.h>

#include <cmath>

namespace oubli {
namespace {

constexpr double kLeastVariance = 1e-12;

struct Side {
  Tensor mean, variance;
};

Side fit_side(const Tensor& phi, const Tensor& selected, bool own_variances) {
  const Tensor weights = selected.to(at::kDouble);
  const Tensor count = weights.sum(0);
  const Tensor mean = (phi * weights).sum(0) / count;
  const Tensor squares = ((phi - mean).square() * weights).sum(0);
  Tensor variance = squares / (count - 1);
  const Tensor enough = count.ge(2);
  variance = at::where(enough, variance, at::full_like(variance, std::nan("")));
  if (!own_variances) {
    const Tensor usable = variance.masked_select(enough);
    if (usable.numel() > 0) {
      variance = at::where(enough, usable.mean().expand_as(variance), variance);
    }
  }
  return {mean, variance.clamp_min(kLeastVariance)};
}

Tensor log_density(const Tensor& x, const Tensor& mean, const Tensor& variance) {
  return -0.5 * ((x - mean).square() / variance + variance.log());  // up to a constant
}

}  // namespace

LiraFit fit_lira(const Tensor& phi, const Tensor& member, double own_variance_from) {
  // For both sides or for neither: two kinds of variance would themselves shift the scores.
  const Tensor inside = member.sum(0), fewer = at::minimum(inside, member.size(0) - inside);
  const bool own_variances = fewer.min().item<double>() >= own_variance_from;
  const Side in = fit_side(phi, member, own_variances),
             out = fit_side(phi, member.logical_not(), own_variances);
  return {in.mean, in.variance, out.mean, out.variance};
}

Tensor lira_online_scores(const LiraFit& fit, const Tensor& observed) {
  return log_density(observed, fit.in_mean, fit.in_variance) -
         log_density(observed, fit.out_mean, fit.out_variance);
}

}  // namespace oubli
