#include "core/curvature/linear_operator.h"

#include <ATen/ATen.h>

namespace oubli {

Tensor LinearOperator::as_dense() const { return apply(at::eye(dim(), at::kDouble)); }

}  // namespace oubli
