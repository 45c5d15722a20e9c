// The curvature matrices that methods choose between by name.
#pragma once

#include <memory>
#include <string>

#include "core/curvature/data_operator.h"

namespace oubli {

enum class CurvatureKind { kHessian, kGgn };

// "hessian" or "ggn".
CurvatureKind curvature_kind(const std::string& name);

// Hessian or GaussNewton: see their headers. `cost` must outlive the operator.
OperatorPtr make_curvature(CurvatureKind kind, const Model& model, const Subset& subset,
                           const Objective& objective, CostMeter& cost,
                           const DataOperatorOptions& options = {});

// Hutchinson's estimate of the trace: the mean of z' A z over `probes` random sign vectors z.
// Unbiased. Cost: `probes` applications.
double estimate_trace(const LinearOperator& matrix, std::int64_t probes, Generator& generator);

}  // namespace oubli
