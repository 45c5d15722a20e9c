// Descent to delete: more steps of the gradient descent that trained the original, on what remains,
// and noise that hides how far they have not come.
//
//   W <- P_R( W - eta g(W) )   T times on all data for the original, then I times on what remains
//   W' = W + N(0, sigma^2 I)
//
// Beside a run that takes all its steps on what remains, the steps lie apart by at most
//
//   z = c^I (2 G m / (mu n)) (1 - c^T),   c = 1 - eta mu, mu = l2,
//
// since each of the T steps shifts them by 2 eta G m / n and all contract
// (core/privacy/contraction.h has it for requests one after another). 2 G m / (mu n) also bounds
// the way between both minima.
//
// state: secret     the next request goes on from W, which the state keeps. Then each later release
//                   tells of this request's rows again, c^I times as much: together they are a
//                   Gaussian release of mu = z / (sigma sqrt(1 - c^(2I))) or less, as long as no
//                   later request takes fewer steps or less noise, which is seen to.
// state: published  it goes on from W': what comes later tells no more. mu = z / sigma.
//
// mu is that of (epsilon, delta) by the analytic Gaussian mechanism. Source: Neel et al. 2021
// (arXiv 2007.02923), whose noise has 4 sqrt(2) G c^I / (mu n (1 - c^I)) for z and a conversion of
// Renyi divergences for mu. Cost: I n_r.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "core/privacy/gaussian.h"
#include "core/unlearn/private_release.h"
#include "core/unlearn/projected_descent.h"

namespace oubli {
namespace {

using Status = Assumption::Status;

// What a request takes, and what later ones may not fall below.
struct Release {
  std::int64_t steps = 0;
  double sigma = 0;
};

class DescentToDelete : public Unlearner {
 public:
  explicit DescentToDelete(const Settings& settings) : target_(PrivacyTarget::read(settings)) {
    plan_.read(settings);
    steps_ = settings.integer(
        "steps", {.default_value = 0, .at_least = 0, .doc = "I; 0: as many as `sigma` asks for"});
    if (steps_ == 0 || settings.is_describing()) {
      sigma_ = settings.real(
          "sigma",
          {.default_value = 0.01, .above = 0, .doc = "of the noise; with `steps` not to be given"});
    }
    is_secret_ =
        settings.choice("state", {.default_value = "secret",
                                  .valid = {"secret", "published"},
                                  .doc = "what the next request goes on from: the vector before "
                                         "noise, or the released one"}) == "secret";
  }

  TrainingPlan training_plan(TrainingPlan standard) const override {
    return plan_.plan(std::move(standard));
  }

  std::optional<double> estimate_cost(const Task& task) const override {
    if (steps_ == 0 || task.state) return std::nullopt;
    return static_cast<double>(task.retain.size() * steps_);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    std::optional<ProjectedRun> run = projected_run_before(task);
    Certificate certificate{.epsilon = target_.epsilon,
                            .delta = target_.delta,
                            .accountant = is_secret_
                                              ? "analytic Gaussian, this and all later releases"
                                              : "analytic Gaussian",
                            .assumptions = assumptions(run, model, task, context.cost)};
    if (!certificate.holds()) return certified(certificate);
    if (task.forget.empty()) return nothing_to_forget(task);
    run->add_request(task);
    const Release release = release_for(*run, task);
    certificate.sigma = release.sigma;
    certificate.mu = gaussian_mu(target_.epsilon, target_.delta);
    certificate.sensitivity = run->beside_retraining(release.steps).distance();
    certificate.assumptions.push_back(
        {fmt::format("{} steps are enough for this noise",
                     std::min(release.steps, kMostProjectedSteps)),
         release.steps <= kMostProjectedSteps ? Status::kChecked : Status::kFails});
    UnlearnReport report = certified(certificate);
    report.details["steps"] = release.steps;
    if (report.usable()) descend(*run, release, model, task, context, report);
    return report;
  }

 private:
  std::vector<Assumption> assumptions(const std::optional<ProjectedRun>& run, const Model& model,
                                      const Task& task, CostMeter& cost) const {
    std::vector<Assumption> all = assumptions_of(run, model, task, cost);
    if (!run || !run->unknown.empty()) return all;
    all.push_back({"l2 is above 0, and the objective strongly convex",
                   run->strong_convexity > 0 ? Status::kChecked : Status::kFails});
    if (is_secret_) {
      all.push_back({"the vector before noise, from which the next request goes on, stays secret",
                     Status::kAssumed});
    }
    return all;
  }

  // With noise sigma: so that mu sigma covers z, and with it what all later releases tell.
  Release release_for(const ProjectedRun& run, const Task& task) const {
    const double mu = gaussian_mu(target_.epsilon, target_.delta);
    const double apart = run.beside_retraining(0).distance(), c = run.contraction();
    Release release{steps_, sigma_};
    if (steps_ == 0) release.steps = steps_needed(apart / (mu * sigma_), c);
    if (is_secret_ && task.state) {
      const Json& before = task.state->values;
      release.steps = std::max(release.steps, before.at("least_steps").get<std::int64_t>());
      release.sigma = std::max(release.sigma, before.at("least_sigma").get<double>());
    }
    if (steps_ > 0) {
      const double fades = std::pow(c, static_cast<double>(release.steps));
      const double later = is_secret_ ? std::sqrt(1 - fades * fades) : 1;
      release.sigma = std::max(release.sigma, fades * apart / (mu * later));
    }
    return release;
  }

  // The smallest I with c^I r <= sqrt(1 - c^(2I)), or <= 1 from a published state.
  std::int64_t steps_needed(double r, double c) const {
    const double fades = is_secret_ ? 1 / std::sqrt(1 + r * r) : std::min(1.0, 1 / r);
    const double steps = std::max(1.0, std::ceil(std::log(fades) / std::log(c)));
    return steps <= static_cast<double>(kMostProjectedSteps) ? static_cast<std::int64_t>(steps)
                                                             : kMostProjectedSteps + 1;
  }

  // Leaves the model as it was where the context asks to stop: what is not done is not certified.
  void descend(ProjectedRun& run, const Release& release, Model& model, const Task& task,
               Context& context, UnlearnReport& report) const {
    const LinearWeights weights = *LinearWeights::of(model);
    const LinearObjective objective(weights, task.retain, task.objective());
    Generator noise = context.generator.stream(fmt::format("noise {}", run.phases.size()));
    if (!run.steps.take(run.w, objective, release.steps, noise, context)) {
      note_nothing_released(task, report);
      return;
    }
    run.phases.push_back({release.steps, 0});
    const Tensor released =
        weights.flat(run.w) + release.sigma * noise.normal({model.dim()}, at::kDouble);
    model.set_theta(released);
    if (!is_secret_) run.w = weights.matrix(released);
    if (std::string warning = run.warning(release.steps); !warning.empty()) {
      report.warnings.push_back(std::move(warning));
    }
    MethodState state = run.to_state();
    state.values["least_steps"] = release.steps;
    state.values["least_sigma"] = release.sigma;
    report.state = std::make_shared<MethodState>(std::move(state));
  }

  PrivacyTarget target_;
  ProjectedSettings plan_;
  std::int64_t steps_ = 0;
  double sigma_ = 0;
  bool is_secret_ = true;
};

}  // namespace

MethodInfo descent_to_delete_method() {
  return {
      .name = "descent_to_delete",
      .summary = "goes on with the original's gradient descent, then noise; (epsilon, delta)",
      .reference = "Neel et al. 2021, arXiv 2007.02923",
      .definition =
          "W <- P(W - eta g(W)), P onto the ball |W| <= `radius`, g the gradient over the whole "
          "set, eta = 2 / (1.1 L + l2): `training_steps` (T) times on all data, I times on what "
          "remains; then W + N(0, sigma^2 I). z = c^I 2 G m (1 - c^T) / (l2 n), c = 1 - eta l2, G "
          "the bound of one example's gradient, is at most mu sigma sqrt(1 - c^(2I)) (state: "
          "secret) or mu sigma (published), mu(epsilon, delta) of a Gaussian release. Linear "
          "models with l2.",
      .needs_retain_data = true,
      .needs_forget_data = true,
      .supports_adding = false,
      .version = 2,  // the certificate has all its assumptions
      .make = make_unlearner<DescentToDelete>};
}

}  // namespace oubli
