#include "core/curvature/curvature.h"

#include <ATen/ATen.h>

#include "core/base/error.h"
#include "core/curvature/gauss_newton.h"
#include "core/curvature/hessian.h"

namespace oubli {

CurvatureKind curvature_kind(const std::string& name) {
  if (name == "hessian") return CurvatureKind::kHessian;
  if (name == "ggn") return CurvatureKind::kGgn;
  throw Error(ErrorKind::kUsage, unknown_name_message("curvature", name, {"hessian", "ggn"}));
}

OperatorPtr make_curvature(CurvatureKind kind, const Model& model, const Subset& subset,
                           const Objective& objective, CostMeter& cost,
                           const DataOperatorOptions& options) {
  if (kind == CurvatureKind::kHessian) {
    return std::make_shared<Hessian>(model, subset, objective, cost, options);
  }
  return std::make_shared<GaussNewton>(model, subset, objective, cost, options);
}

double estimate_trace(const LinearOperator& matrix, std::int64_t probes, Generator& generator) {
  const Tensor z = generator.rademacher({matrix.dim(), probes}, at::kDouble);
  return (z * matrix.apply(z)).sum().item<double>() / static_cast<double>(probes);
}

}  // namespace oubli
