// Rewind to delete: back to where the original stood K steps before its end, and those steps again,
// on what remains; then noise that hides what the steps before them had seen.
//
//   theta_{T-K} -> K times theta <- theta - eta grad J(theta; D_r) -> + N(0, sigma^2 I)
//   sigma = z / mu(epsilon, delta),   z = 2 eta G m / n (g^(T-K) - 1)/(g - 1) g^K
//
// z bounds the way to the model that T steps on what remains give, the comparator, from the same
// start; g is what a step multiplies distances by (core/unlearn/rewindable_training.h): less than 1
// for linear models with l2, 1 + eta L where the objective is smooth and no more, as of networks
// whose smoothness L and Lipschitz constant G are given and believed. With K = T it is retraining,
// without noise; with K = 0 the original and noise. A request after another goes back to the same
// point, m being all that has left; as all releases know it, they are accounted for together:
// epsilon is that of mu = sqrt(sum of their (z / sigma)^2).
//
// Source: Mu and Klabjan 2024 (arXiv 2409.09778). Deviations: z is derived (theirs has n / (n - m)
// in the growth of the first steps), convex objectives have a g of their own, and mu is that of the
// analytic Gaussian mechanism, not epsilon / sqrt(2 ln(1.25 / delta)). Cost: K n_r.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <optional>

#include "core/privacy/gaussian.h"
#include "core/unlearn/private_release.h"
#include "core/unlearn/rewindable_training.h"

namespace oubli {
namespace {

using Status = Assumption::Status;

class Rewind : public Unlearner {
 public:
  explicit Rewind(const Settings& settings) : target_(PrivacyTarget::read(settings)) {
    plan_.steps = settings.integer(
        "training_steps",
        {.default_value = 200, .at_least = 1, .doc = "T, over the whole set, of the original"});
    largest_noise_ = read_largest_noise(settings);
    plan_.rewind = settings.integer(
        "steps", {.default_value = plan_.steps,
                  .at_least = 0,
                  .doc = "K, how far back, and forth again; all of them is retraining"});
    plan_.eta = settings.real(
        "eta", {.default_value = 0, .at_least = 0, .doc = "rate of the steps; 0: 1 / L"});
    plan_.smoothness = settings.real(
        "smoothness", {.default_value = 0,
                       .at_least = 0,
                       .doc = "L of the objective, believed; 0: as a linear model's is known"});
    plan_.lipschitz = settings.real(
        "lipschitz", {.default_value = 0,
                      .at_least = 0,
                      .doc = "G, longest gradient of an example's loss without l2, believed; 0: as "
                             "a linear model's is known"});
    if (plan_.rewind > plan_.steps && !settings.is_describing()) {
      settings.fail("steps", fmt::format("the original takes {} steps (`training_steps`): it "
                                         "cannot go back by more.",
                                         plan_.steps));
    }
  }

  TrainingPlan training_plan(TrainingPlan standard) const override {
    standard.procedure = "rewindable";
    standard.settings = plan_.to_json();
    return standard;
  }

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.retain.size() * plan_.rewind);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const MethodStatePtr record = task.record ? task.record() : nullptr;
    std::optional<RewindPoint> point;
    if (record) point = RewindPoint::of(*record);
    Certificate certificate{.epsilon = target_.epsilon,
                            .delta = target_.delta,
                            .accountant = "analytic Gaussian, all releases together",
                            .assumptions = assumptions_of(point, model, task)};
    if (!certificate.holds()) return certified(certificate);
    if (task.forget.empty()) return nothing_to_forget(task);
    const double mu = gaussian_mu(target_.epsilon, target_.delta);
    certificate.sensitivity = point->beside_retraining(task.retain.size()).distance();
    certificate.sigma = certificate.sensitivity / mu;
    certificate.assumptions.push_back(
        {"the way to retraining has a bound that is a number: fewer steps or a smaller eta",
         std::isfinite(certificate.sensitivity) ? Status::kChecked : Status::kFails});
    if (!certificate.holds()) return certified(certificate);
    if (const std::string excess =
            too_noisy(model.theta(), certificate.sigma, largest_noise_, target_.epsilon);
        !excess.empty()) {
      return refused(certificate, excess);
    }
    // Where both are the same there is nothing to hide, and nothing is spent.
    const double spent = before(task, "mu_squared") + (certificate.sensitivity > 0 ? mu * mu : 0);
    certificate.mu = std::sqrt(spent);
    certificate.epsilon = gaussian_epsilon(*certificate.mu, target_.delta);
    UnlearnReport report = certified(certificate);
    report.details["growth"] = point->growth(task.retain.size());
    report.details["removed"] = point->examples - task.retain.size();
    release(*point, certificate.sigma, spent, model, task, context, report);
    return report;
  }

 private:
  static double before(const Task& task, const char* name) {
    return task.state ? task.state->values.at(name).get<double>() : 0;
  }

  static std::vector<Assumption> assumptions_of(const std::optional<RewindPoint>& point,
                                                const Model& model, const Task& task) {
    const auto checked = [](bool holds) { return holds ? Status::kChecked : Status::kFails; };
    std::vector<Assumption> all = assumptions_of_release(model, task);
    all.push_back({"the original was trained by oubli in steps that it can go back by",
                   checked(point.has_value())});
    if (!point) return all;
    if (!point->unknown.empty()) {
      all.push_back({point->unknown, Status::kFails});
      return all;
    }
    all.push_back(
        {point->is_assumed
             ? fmt::format("the objective's smoothness is {:.4g} or less, and no gradient "
                           "of an example's loss is longer than {:.4g}",
                           point->smoothness, point->lipschitz)
             : "the bounds of the original's inputs may be known: steps and noise show "
               "them, and the comparator takes them too",
         Status::kAssumed});
    all.push_back({"all parameters may move", checked(!task.recipe.movable.defined())});
    all.push_back({"examples have no weights", checked(!task.retain.weights.defined())});
    all.push_back({"the parameters that training wrote down, to which it goes back, stay secret",
                   Status::kAssumed});
    all.push_back({"requests do not depend on released models", Status::kAssumed});
    all.push_back({"rounding in the steps is far below the sensitivity", Status::kAssumed});
    return all;
  }

  // Leaves the model as it was where the context asks to stop: what is not done is not certified.
  static void release(const RewindPoint& point, double sigma, double spent, Model& model,
                      const Task& task, Context& context, UnlearnReport& report) {
    Model rewound = model.clone();
    rewound.set_theta(point.theta);
    if (!take_full_steps(rewound, task.retain, task.objective(), point.eta, point.rewind,
                         context)) {
      note_nothing_released(task, report);
      return;
    }
    model.set_theta(rewound.theta());
    const double requests = before(task, "requests") + 1;
    Generator noise = context.generator.stream(fmt::format("noise {}", requests));
    if (sigma > 0) add_noise(model, sigma, noise);
    report.state = std::make_shared<MethodState>(
        MethodState{{{"mu_squared", spent}, {"requests", requests}}, {}});
  }

  PrivacyTarget target_;
  double largest_noise_ = 1;
  RewindSettings plan_;
};

}  // namespace

MethodInfo rewind_method() {
  return {
      .name = "rewind",
      .summary = "takes the last steps of training again without the forget set; (epsilon, delta)",
      .reference = "Mu and Klabjan 2024, arXiv 2409.09778",
      .definition =
          "The original takes `training_steps` (T) steps theta - eta grad J over the whole set. "
          "From "
          "its parameters at step T - K, K = `steps`, K steps on what remains; then + N(0, sigma^2 "
          "I), sigma = z / mu, z = 2 eta G m / n (g^(T-K) - 1)/(g - 1) g^K, mu that of (epsilon, "
          "delta) of a Gaussian release; g = max(|1 - eta l2|, |1 - eta L_r|) for a linear model, "
          "L_r = n/(n-m) (L - l2) + l2, else 1 + eta L.",
      .needs_retain_data = true,
      .needs_forget_data = true,
      .supports_adding = false,
      .takes_sequences = true,
      .version = 2,  // the certificate is of all releases, and has all its assumptions
      .make = make_unlearner<Rewind>};
}

}  // namespace oubli
