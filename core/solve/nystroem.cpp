#include "core/solve/nystroem.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/base/precision.h"

namespace oubli {
namespace {

constexpr int kMostShifts = 10;  // from float64's rounding to beyond float32's

}  // namespace

NystroemApproximation nystroem(const LinearOperator& matrix, std::int64_t rank,
                               Generator& generator, double magnitude) {
  if (rank < 1) throw Error(ErrorKind::kUsage, "a Nystroem approximation has rank 1 or more");
  const std::int64_t n = matrix.dim();
  const Tensor omega =
      std::get<0>(at::linalg_qr(generator.normal({n, std::min(rank, n)}, at::kDouble)));
  const Tensor y = matrix.apply(omega);
  NystroemApproximation result;
  if (!at::isfinite(y).all().item<bool>()) {
    result.is_finite = false;
    return result;
  }
  const Tensor product = omega.t().mm(y);
  const Tensor core = (product + product.t()) / 2;
  const auto [w, v] = at::linalg_eigh(core);
  const double size = std::max(y.norm().item<double>(), magnitude);
  // What rounding can make of a zero eigenvalue: anything lower is a negative one. The shift begins
  // at float64's, and grows where products of less precision ask for more.
  const double root = std::sqrt(static_cast<double>(n));
  if (w[0].item<double>() < -4 * root * matrix.precision() * size) {
    result.rayleigh_quotient = w[0].item<double>();
    result.negative_direction = omega.mv(v.select(1, 0));
    return result;
  }
  result.shift = std::max(root * kDoubleEpsilon * size, std::numeric_limits<double>::min());
  for (int raise = 0; raise <= kMostShifts; ++raise, result.shift *= 10) {
    const Tensor shifted = core + result.shift * at::eye(core.size(0), at::kDouble);
    const auto [factor, info] = at::linalg_cholesky_ex(shifted, /*upper=*/true);
    if (info.item<int>() != 0) continue;
    const Tensor b = at::linalg_solve_triangular(factor, y.add(omega, result.shift),
                                                 /*upper=*/true, /*left=*/false);
    const auto [u, s, vt] = at::linalg_svd(b, /*full_matrices=*/false);
    result.vectors = u;
    result.values = (s.square() - result.shift).clamp_min(0);
    break;
  }
  return result;
}

}  // namespace oubli
