#include "core/solve/damping.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/solve/counted_operator.h"
#include "core/solve/lanczos.h"

namespace oubli {
namespace {

constexpr double kNegativeMargin = 1.1;

}  // namespace

DampingChoice choose_damping(const LinearOperator& matrix, double l2, Generator& generator,
                             double condition_target, std::int64_t steps) {
  const CountedOperator counted(matrix);
  const Tensor start = generator.normal({matrix.dim(), 1}, at::kDouble);
  const LanczosResult found = lanczos(counted, start, {.steps = steps, .vectors = false})[0];
  DampingChoice choice;
  choice.products = counted.products();
  choice.is_finite = found.is_finite;
  if (found.size() == 0) {
    choice.why = "nothing was chosen: a product is not finite";
    return choice;
  }
  choice.smallest = found.values[0].item<double>();
  choice.largest = found.values[-1].item<double>();
  const double size = std::max(std::abs(choice.smallest), std::abs(choice.largest));
  const double rounding = counted.eigenvalue_rounding(matrix.dim()) * size;

  double negative = 0;  // -lambda_min(H)
  if (choice.smallest < l2 - rounding) {
    double lowest = choice.smallest - found.residuals[0].item<double>();
    lowest = std::max(lowest, matrix.eigenvalue_floor().value_or(lowest));
    negative = std::max(0.0, l2 - lowest);
  }
  const double for_curvature = kNegativeMargin * negative;
  const double for_condition =
      std::max(0.0, choice.largest + found.residuals[-1].item<double>() - l2) / condition_target;
  const double total = std::max({l2, for_curvature, for_condition});
  choice.value = total - l2;
  std::string reason;
  if (total == l2) {
    reason = fmt::format("the regulariser {:.3g} is enough", l2);
  } else if (total == for_curvature) {
    reason = fmt::format("1.1 times the most negative eigenvalue of the loss, {:.3g}", -negative);
  } else {
    reason = fmt::format("the largest eigenvalue over {:.3g}", condition_target);
  }
  choice.why = fmt::format("damping {:.3g}: {}; Ritz values {:.3g} to {:.3g} after {} products",
                           choice.value, reason, choice.smallest, choice.largest, choice.products);
  return choice;
}

double predicted_decrease(const Tensor& b, const Tensor& x, const Tensor& a_times_x) {
  return b.dot(x).item<double>() - x.dot(a_times_x).item<double>() / 2;
}

double reduction_ratio(double actual_decrease, double predicted) {
  return predicted > 0 ? actual_decrease / predicted : std::numeric_limits<double>::quiet_NaN();
}

double adapted_damping(double damping, double ratio) {
  if (ratio > 0.75 && std::isfinite(ratio)) return damping * 2 / 3;
  if (ratio < 0.25 || !std::isfinite(ratio)) return damping * 3 / 2;
  return damping;
}

}  // namespace oubli
