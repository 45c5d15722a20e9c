#include "core/curvature/curvature.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/curvature/ekfac.h"
#include "core/curvature/gauss_newton.h"
#include "core/curvature/hessian.h"
#include "core/curvature/kfac.h"

namespace oubli {

const std::vector<std::string>& curvature_names() {
  static const std::vector<std::string> names = {"ggn", "hessian", "kfac", "ekfac"};
  return names;
}

CurvatureKind curvature_kind(const std::string& name) {
  if (name == "hessian") return CurvatureKind::kHessian;
  if (name == "ggn") return CurvatureKind::kGgn;
  if (name == "kfac") return CurvatureKind::kKfac;
  if (name == "ekfac") return CurvatureKind::kEkfac;
  throw Error(ErrorKind::kUsage, unknown_name_message("curvature", name, curvature_names()));
}

std::optional<std::int64_t> read_memory(const Settings& settings) {
  const std::optional<double> megabytes =
      settings.real_or("memory", "auto",
                       {.at_least = 0,
                        .doc = "MB for passes kept between products; auto: an eighth of what is "
                               "free. Results do not depend on it"});
  if (!megabytes) return std::nullopt;
  return static_cast<std::int64_t>(*megabytes * 1e6);
}

OperatorPtr make_curvature(CurvatureKind kind, const Model& model, const Subset& subset,
                           const Objective& objective, CostMeter& cost, const Generator& generator,
                           const DataOperatorOptions& options) {
  const KroneckerOptions kronecker{.batch_size = options.batch_size,
                                   .generator = generator.stream("curvature")};
  switch (kind) {
    case CurvatureKind::kHessian:
      return std::make_shared<Hessian>(model, subset, objective, cost, options);
    case CurvatureKind::kGgn:
      return std::make_shared<GaussNewton>(model, subset, objective, cost, options);
    case CurvatureKind::kKfac:
      return std::make_shared<Kfac>(model, subset, objective, cost, kronecker);
    case CurvatureKind::kEkfac:
      return std::make_shared<Ekfac>(model, subset, objective, cost, kronecker);
  }
  return nullptr;
}

}  // namespace oubli
