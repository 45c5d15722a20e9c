// The curvature matrices that methods choose between by name.
//
//   hessian            Hessian           hessian.h
//   ggn                GaussNewton       gauss_newton.h
//   empirical_fisher   EmpiricalFisher   gauss_newton.h
//   kfac               Kfac              kfac.h
//   ekfac              Ekfac             ekfac.h
//
// each of the objective over a set, with its lambda I.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/settings.h"
#include "core/curvature/data_operator.h"
#include "core/curvature/kronecker_factors.h"

namespace oubli {

enum class CurvatureKind { kHessian, kGgn, kEmpiricalFisher, kKfac, kEkfac };

const std::vector<std::string>& curvature_names();
// Throws Error(kUsage) on a name that is none of them.
CurvatureKind curvature_kind(const std::string& name);
// True for those that are inverted by their structure: KroneckerCurvature.
inline bool is_kronecker(CurvatureKind kind) {
  return kind == CurvatureKind::kKfac || kind == CurvatureKind::kEkfac;
}

struct CurvatureSettings {
  CurvatureKind kind = CurvatureKind::kGgn;
  KroneckerOptions kronecker = {};  // of kfac and ekfac: targets, draws and sharing
  DataOperatorOptions data = {};    // of the others

  // Reads `curvature: NAME`, or `{name: kfac, targets: ..., draws: ..., sharing: ...}`, and
  // `memory`.
  static CurvatureSettings read(const Settings& settings);
};

// `cost` must outlive the operator. Draws come from the generator's stream "curvature".
OperatorPtr make_curvature(const CurvatureSettings& settings, const Model& model,
                           const Subset& subset, const Objective& objective, CostMeter& cost,
                           const Generator& generator);

}  // namespace oubli
