#include "core/unlearn/memory_writes.h"

#include <ATen/ATen.h>

#include "core/base/error.h"

namespace oubli {

Tensor solve_positive(const Tensor& c, const Tensor& b) {
  const auto [factor, info] = at::linalg_cholesky_ex(c);
  if (info.item<int>() != 0) {
    throw Error(ErrorKind::kTask,
                "keys do not determine a change of the memory: their matrix is not positive "
                "definite; raise what is added to its diagonal, or ask for fewer facts at once");
  }
  return at::cholesky_solve(b, factor);
}

Tensor ridge_write(const Tensor& c, const Tensor& keys, const Tensor& residual) {
  if (keys.size(1) == 0) return at::zeros({residual.size(0), keys.size(0)}, residual.options());
  return solve_positive(c + keys.mm(keys.t()), keys.mm(residual.t())).t();
}

Tensor metric_write(const Tensor& c, const Tensor& keys, const Tensor& residual, double e) {
  if (keys.size(1) == 0) return at::zeros({residual.size(0), keys.size(0)}, residual.options());
  const Tensor dual = solve_positive(c, keys);  // C^-1 K
  Tensor inner = keys.t().mm(dual);
  inner.diagonal().add_(e);
  return solve_positive(inner, residual.t()).t().mm(dual.t());
}

}  // namespace oubli
