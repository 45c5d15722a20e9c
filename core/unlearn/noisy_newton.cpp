#include "core/unlearn/noisy_newton.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "core/privacy/gaussian.h"

namespace oubli {
namespace {

constexpr const char* kUnreleased = "unreleased";

// Starts from the vector before its noise, where there was a request before.
Tensor start_of(const Model& model, const Task& task) {
  if (!task.state) return model.theta().clone();
  return task.state->tensor(kUnreleased);
}

double gradient_left(const Model& model, const Task& task, Context& context) {
  if (task.state) return task.state->values.at("gradient_left").get<double>();
  return value_and_gradient(model, task.train, task.objective(), context.cost)
      .gradient.norm()
      .item<double>();
}

NewtonStep step_of(const Model& model, const Task& task, const Solution& solution, double left) {
  NewtonStep step{.damping = solution.report.damping,
                  .residual = solution.residual.norm().item<double>(),
                  .gradient_left = left,
                  .length = model.theta().norm().item<double>()};
  if (task.state) step.distance = task.state->values.at("distance").get<double>();
  return step;
}

MethodStatePtr state_behind(const Task& task, const NewtonStep& step, double distance,
                            const Tensor& unreleased) {
  const double releases = task.state ? task.state->values.at("releases").get<double>() : 0;
  return std::make_shared<MethodState>(MethodState{
      {{"distance", distance}, {"gradient_left", step.gradient_left}, {"releases", releases + 1}},
      {{kUnreleased, unreleased}}});
}

// What one request after another rests on.
void add_assumptions_of_requests(Certificate& certificate) {
  using Status = Assumption::Status;
  certificate.assumptions.push_back(
      {"the vector before noise, from which the next request goes on, stays secret",
       Status::kAssumed});
  certificate.assumptions.push_back(
      {"requests do not depend on released models", Status::kAssumed});
}

}  // namespace

NoisyNewton NoisyNewton::read(const Settings& settings) {
  NoisyNewton newton;
  newton.target = PrivacyTarget::read(settings);
  newton.largest_noise = read_largest_noise(settings);
  newton.solve.limits = SolverLimits::read(settings);
  newton.solve.curvature.kind = CurvatureKind::kHessian;
  newton.solve.damping = 0;
  return newton;
}

UnlearnReport NoisyNewton::release(Model& model, const Task& task, Context& context,
                                   Certificate certificate,
                                   const std::function<double(const NewtonStep&)>& bound,
                                   std::optional<double> sigma) const {
  certificate.delta = target.delta;
  certificate.accountant = "analytic Gaussian, all releases together";
  add_assumptions_of_requests(certificate);
  const bool is_certified = !sigma;
  if (is_certified && !certificate.holds()) return refused(certificate, certificate.refusal());
  if (context.should_stop()) {
    UnlearnReport report;
    report.status = UnlearnStatus::kStopped;
    report.state = task.state;
    return report;
  }
  const Tensor released = model.theta().clone();
  const double left = gradient_left(model, task, context);
  model.set_theta(start_of(model, task));
  const Tensor gradient =
      value_and_gradient(model, task.retain, task.objective(), context.cost).gradient;
  const Solution solution =
      solve_curvature(solve, model, task.retain, task.objective(), gradient.neg(), context);
  const bool is_stopped = solution.report.status == SolveStatus::kStopped;
  if (is_stopped || !solution.report.refusal.empty()) {
    model.set_theta(released);
    UnlearnReport report = refused(certificate, "the solve: " + solution.report.message);
    if (is_stopped) report.status = UnlearnStatus::kStopped;
    return report;
  }
  const NewtonStep step = step_of(model, task, solution, left);
  const double mu = gaussian_mu(target.epsilon, target.delta);
  const Tensor exact = model.theta() + solution.x;
  const Tensor unreleased = exact.to(model.dtype()).to(at::kDouble);
  const double rounding = (unreleased - exact).norm().item<double>();
  certificate.sensitivity = is_certified ? bound(step) + rounding : 0;
  certificate.sigma = is_certified ? certificate.sensitivity / mu : *sigma;
  const std::string excess =
      is_certified ? too_noisy(unreleased, certificate.sigma, largest_noise, target.epsilon) : "";
  if (!excess.empty()) {
    model.set_theta(released);
    return refused(certificate, excess);
  }
  UnlearnReport report;
  report.state = state_behind(task, step, certificate.sensitivity, unreleased);
  report.details["solve"] = solution.report.to_json();
  if (is_certified) {
    const double releases = report.state->values.at("releases").get<double>();
    certificate.mu = mu * std::sqrt(releases);
    certificate.epsilon = gaussian_epsilon(*certificate.mu, target.delta);
    report.details["certificate"] = certificate.to_json();
    report.details["releases"] = releases;
  }
  model.set_theta(unreleased);
  Generator noise = context.generator.stream("noise");
  add_noise(model, certificate.sigma, noise);
  return report;
}

}  // namespace oubli
