#include "core/solve/damped_solve.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

namespace oubli {
namespace {

constexpr int kMaxRaises = 12;
constexpr std::int64_t kTraceProbes = 8;

// Remembers the worst Rayleigh quotient that it saw, so that the damping can be raised past it.
class WatchedOperator : public LinearOperator {
 public:
  explicit WatchedOperator(const LinearOperator& base) : base_(base) {}
  std::int64_t dim() const override { return base_.dim(); }
  Tensor apply(const Tensor& v) const override {
    Tensor result = base_.apply(v);
    const double norm = v.square().sum().item<double>();
    if (norm > 0) lowest_ = std::min(lowest_, (v * result).sum().item<double>() / norm);
    return result;
  }
  double lowest() const { return lowest_; }

 private:
  const LinearOperator& base_;
  mutable double lowest_ = 0;
};

}  // namespace

CurvatureSolveSettings CurvatureSolveSettings::read(const Settings& settings) {
  CurvatureSolveSettings s;
  s.kind = curvature_kind(settings.choice(
      "curvature", {.standard = "ggn",
                    .valid = {"ggn", "hessian"},
                    .doc = "matrix of the step; the GGN is positive semi-definite"}));
  s.damping = settings.real_or("damping", "auto",
                               {.at_least = 0, .doc = "mu of (C + mu I); auto: tr(C) / (10 dim)"});
  s.cg.tolerance = settings.real(
      "tolerance",
      {.standard = 1e-6, .above = 0, .below = 1, .doc = "relative residual of the solve"});
  s.cg.max_iterations = settings.integer(
      "max_iterations", {.standard = 200, .at_least = 1, .doc = "of conjugate gradients"});
  return s;
}

Solution solve_curvature(const CurvatureSolveSettings& settings, const Model& model,
                         const Subset& subset, const Objective& objective, const Tensor& b,
                         Context& context) {
  const OperatorPtr curvature =
      make_curvature(settings.kind, model, subset, objective, context.cost);
  const WatchedOperator watched(*curvature);
  double damping = 0;
  std::int64_t applications = 0;
  if (settings.damping) {
    damping = *settings.damping;
  } else {
    Generator probes = context.generator.stream("damping");
    damping = std::max(0.0, 0.1 * estimate_trace(*curvature, kTraceProbes, probes) /
                                static_cast<double>(model.dim()));
    applications += kTraceProbes;
  }
  Solution solution;
  for (int raise = 0; raise <= kMaxRaises; ++raise) {
    const DampedOperator damped(watched, damping);
    solution = conjugate_gradient(damped, b, settings.cg, [&] { return context.should_stop(); });
    applications += solution.report.applications;
    if (solution.report.status != SolveStatus::kNegativeCurvature) break;
    if (raise < kMaxRaises) damping = std::max(10 * damping, -2 * watched.lowest());
  }
  solution.report.damping = damping;
  solution.report.applications = applications;
  return solution;
}

}  // namespace oubli
