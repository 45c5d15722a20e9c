#include "core/solve/counted_operator.h"

#include <ATen/ATen.h>

#include <cmath>

namespace oubli {

Tensor CountedOperator::apply(const Tensor& v) const {
  Tensor result = base_.apply(v);
  products_ += v.size(1);
  const Tensor norms = v.norm(2, 0);
  const Tensor gains = result.norm(2, 0) / norms.clamp_min(1e-300);
  const double gain = gains.numel() > 0 ? gains.max().item<double>() : 0;
  if (std::isfinite(gain) && gain > largest_gain_) largest_gain_ = gain;
  return result;
}

}  // namespace oubli
