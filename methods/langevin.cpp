// Langevin unlearning: noisy steps on what remains, for an original that was trained in such steps.
//
//   W <- P_R( W - eta g(W) + sqrt(2 eta) sigma N(0, I) ),
//
// T times on all data for the original, then K times on what remains, g the gradient of the
// objective, of each example clipped to `clip` where one is given. The steps contract by
// c = 1 - eta mu, mu = l2, so what they have seen fades, and their noise hides it: with s the shift
// eta 2 G m / n of each of the T steps,
//
//   mu_G = (c^K s (1 - c^T) / (1 - c)) / ( sqrt(2 eta) sigma sqrt((1 - c^(2T + 2K)) / (1 - c^2)) )
//
// is the mu of a Gaussian release (core/privacy/contraction.h has the proof, for requests one after
// another too, and for a ball that bounds the way; core/privacy/gaussian.h makes epsilon of it). K
// is the smallest number that gives `epsilon`, unless given. The comparator takes all T + K steps
// on what remains. Nothing is secret: the next request goes on from what is released.
//
// Source: Chien et al. 2024 (arXiv 2401.10371). Deviations: their bound, exp(-K mu eta / a)
// 4 a m^2 G^2 / (mu sigma^2 n^2) of the Renyi divergence of order a, asks for training up to the
// stationary distribution and converts Renyi divergences; the one here needs neither. Cost: K n_r.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "core/privacy/gaussian.h"
#include "core/unlearn/private_release.h"
#include "core/unlearn/projected_descent.h"

namespace oubli {
namespace {

class Langevin : public Unlearner {
 public:
  explicit Langevin(const Settings& settings) : target_(PrivacyTarget::read(settings)) {
    plan_.room = 2;
    plan_.sigma = settings.real(
        "sigma",
        {.default_value = 0.05, .above = 0, .doc = "a step's noise has variance 2 eta sigma^2"});
    plan_.read(settings);
    plan_.clip = settings.real(
        "clip",
        {.default_value = 0,
         .at_least = 0,
         .doc = "largest norm of an example's gradient; 0: what the loss and the inputs bound"});
    steps_ = settings.integer(
        "steps", {.default_value = 0, .at_least = 0, .doc = "K; 0: as many as `epsilon` asks for"});
  }

  TrainingPlan training_plan(TrainingPlan standard) const override {
    return plan_.plan(std::move(standard));
  }

  std::optional<double> estimate_cost(const Task& task) const override {
    if (steps_ == 0) return std::nullopt;
    return static_cast<double>(task.retain.size() * steps_);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    std::optional<ProjectedRun> run = projected_run_before(task);
    Certificate certificate{.epsilon = target_.epsilon,
                            .delta = target_.delta,
                            .accountant = "analytic Gaussian, by shifted interpolation",
                            .assumptions = assumptions_of(run, model, task, context.cost)};
    if (!certificate.holds()) return certified(certificate);
    if (task.forget.empty()) return nothing_to_forget(task);
    run->add_request(task);
    const std::int64_t steps = steps_ > 0 ? steps_ : steps_needed(*run);
    certificate.sigma = run->steps.noise;
    certificate.sensitivity = run->beside_retraining(steps).sensitivity();
    // Later releases are made of this one and what remains: the largest of all requests holds.
    certificate.mu = std::max(certificate.sensitivity / certificate.sigma, mu_before(task));
    certificate.epsilon = gaussian_epsilon(*certificate.mu, target_.delta);
    if (steps_ == 0) {
      certificate.assumptions.push_back(
          {fmt::format("{} steps bring epsilon down to what was asked for",
                       std::min(steps, kMostProjectedSteps)),
           steps <= kMostProjectedSteps ? Assumption::Status::kChecked
                                        : Assumption::Status::kFails});
    }
    UnlearnReport report = certified(certificate);
    report.details["steps"] = steps;
    if (report.usable()) release(*run, steps, *certificate.mu, model, task, context, report);
    return report;
  }

 private:
  static double mu_before(const Task& task) {
    return task.state ? task.state->values.at("mu").get<double>() : 0;
  }

  // The smallest number; kMostProjectedSteps + 1 where it is larger.
  std::int64_t steps_needed(const ProjectedRun& run) const {
    const double mu = gaussian_mu(target_.epsilon, target_.delta);
    const auto is_enough = [&](std::int64_t steps) {
      return run.beside_retraining(steps).sensitivity() <= mu * run.steps.noise;
    };
    std::int64_t below = 0, enough = 1;
    while (!is_enough(enough)) {
      below = enough;
      enough *= 2;
      if (below > kMostProjectedSteps) return kMostProjectedSteps + 1;
    }
    while (enough - below > 1) {
      const std::int64_t middle = (below + enough) / 2;
      (is_enough(middle) ? enough : below) = middle;
    }
    return enough;
  }

  // Leaves the model as it was where the context asks to stop: what is not done is not certified.
  static void release(ProjectedRun& run, std::int64_t steps, double mu, Model& model,
                      const Task& task, Context& context, UnlearnReport& report) {
    const LinearWeights weights = *LinearWeights::of(model);
    const LinearObjective objective(weights, task.retain, task.objective());
    Generator draw = context.generator.stream(fmt::format("noise {}", run.phases.size()));
    if (!run.steps.take(run.w, objective, steps, draw, context)) {
      note_nothing_released(task, report);
      return;
    }
    run.phases.push_back({steps, 0});
    model.set_theta(weights.flat(run.w));
    if (std::string warning = run.warning(steps); !warning.empty()) {
      report.warnings.push_back(std::move(warning));
    }
    MethodState state = run.to_state();
    state.values["mu"] = mu;
    report.state = std::make_shared<MethodState>(std::move(state));
  }

  PrivacyTarget target_;
  ProjectedSettings plan_;
  std::int64_t steps_;
};

}  // namespace

MethodInfo langevin_method() {
  return {
      .name = "langevin",
      .summary = "noisy gradient steps on what remains, after noisy training; (epsilon, delta)",
      .reference = "Chien et al. 2024, arXiv 2401.10371",
      .definition =
          "W <- P(W - eta g(W) + sqrt(2 eta) sigma N(0, I)), P onto the ball |W| <= `radius`, g "
          "the "
          "gradient over the whole set, eta = 2 / (2 L + l2): `training_steps` (T) times on all "
          "data, then K times on what remains. (epsilon, delta) are those of a Gaussian release "
          "with mu = c^K s (1 - c^T)/(1 - c) / (sqrt(2 eta) sigma sqrt((1 - c^(2(T+K)))/(1 - "
          "c^2))), c = 1 - eta l2, s = 2 eta G m / n; G bounds the gradient of one example's loss, "
          "or is `clip`. Linear models.",
      .needs_retain_data = true,
      .needs_forget_data = true,
      .supports_adding = false,
      .version = 2,  // the certificate is of all releases, and has all its assumptions
      .make = make_unlearner<Langevin>};
}

}  // namespace oubli
