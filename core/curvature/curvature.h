// The curvature matrices that methods choose between by name.
//
//   hessian   Hessian           hessian.h
//   ggn       GaussNewton       gauss_newton.h
//   kfac      Kfac              kfac.h, one drawn target for each example
//   ekfac     Ekfac             ekfac.h, likewise
//
// each of the objective over a set, with its lambda I.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/settings.h"
#include "core/curvature/data_operator.h"

namespace oubli {

enum class CurvatureKind { kHessian, kGgn, kKfac, kEkfac };

const std::vector<std::string>& curvature_names();
// Throws Error(kUsage) on a name that is none of them.
CurvatureKind curvature_kind(const std::string& name);
// True for those that are inverted by their structure: KroneckerCurvature.
inline bool is_kronecker(CurvatureKind kind) {
  return kind == CurvatureKind::kKfac || kind == CurvatureKind::kEkfac;
}

// Megabytes for kept linearisations, as data_operator.h says: `memory: auto`, or a number.
std::optional<std::int64_t> read_memory(const Settings& settings);

// `cost` must outlive the operator. Draws come from the generator's stream "curvature".
OperatorPtr make_curvature(CurvatureKind kind, const Model& model, const Subset& subset,
                           const Objective& objective, CostMeter& cost, const Generator& generator,
                           const DataOperatorOptions& options = {});

}  // namespace oubli
