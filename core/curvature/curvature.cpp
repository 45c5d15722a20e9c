#include "core/curvature/curvature.h"

#include "core/base/error.h"
#include "core/curvature/ekfac.h"
#include "core/curvature/gauss_newton.h"
#include "core/curvature/hessian.h"
#include "core/curvature/kfac.h"

namespace oubli {

namespace {

const std::vector<std::pair<std::string, CurvatureKind>> kKinds = {
    {"ggn", CurvatureKind::kGgn},
    {"hessian", CurvatureKind::kHessian},
    {"empirical_fisher", CurvatureKind::kEmpiricalFisher},
    {"kfac", CurvatureKind::kKfac},
    {"ekfac", CurvatureKind::kEkfac}};

}  // namespace

const std::vector<std::string>& curvature_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    all.reserve(kKinds.size());
    for (const auto& [name, kind] : kKinds) all.push_back(name);
    return all;
  }();
  return names;
}

CurvatureKind curvature_kind(const std::string& name) {
  for (const auto& [known, kind] : kKinds) {
    if (known == name) return kind;
  }
  throw Error(ErrorKind::kUsage, unknown_name_message("curvature", name, curvature_names()));
}

CurvatureSettings CurvatureSettings::read(const Settings& settings) {
  CurvatureSettings read;
  const auto [name, own] = settings.named_child(
      "curvature", "ggn", curvature_names(), "matrix of the step; hessian alone may be indefinite");
  read.kind = curvature_kind(name);
  if (is_kronecker(read.kind)) read.kronecker = KroneckerOptions::read(own);
  const double megabytes = settings.real(
      "memory", {.default_value = static_cast<double>(kLinearisationMemory) / 1e6,
                 .at_least = 0,
                 .doc = "MB of passes over the data that count as kept between products; what is "
                        "kept in fact stays within what the machine has for a job"});
  read.data.memory = static_cast<std::int64_t>(megabytes * 1e6);
  return read;
}

OperatorPtr make_curvature(const CurvatureSettings& settings, const Model& model,
                           const Subset& subset, const Objective& objective, CostMeter& cost,
                           const Generator& generator) {
  KroneckerOptions kronecker = settings.kronecker;
  kronecker.seed = generator.stream("curvature").seed();
  switch (settings.kind) {
    case CurvatureKind::kHessian:
      return std::make_shared<Hessian>(model, subset, objective, cost, settings.data);
    case CurvatureKind::kGgn:
      return std::make_shared<GaussNewton>(model, subset, objective, cost, settings.data);
    case CurvatureKind::kEmpiricalFisher:
      return std::make_shared<EmpiricalFisher>(model, subset, objective, cost, settings.data);
    case CurvatureKind::kKfac:
      return std::make_shared<Kfac>(model, subset, objective, cost, kronecker);
    case CurvatureKind::kEkfac:
      return std::make_shared<Ekfac>(model, subset, objective, cost, kronecker);
  }
  return nullptr;
}

}  // namespace oubli
