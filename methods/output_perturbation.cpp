// Noise on the original, clipped: the floor of every certificate.
//
//   theta' = clip_C(theta) + N(0, sigma^2 I),  clip_C(theta) = theta min(1, C / |theta|),
//   sigma = 2 C / mu(epsilon, delta)
//
// and then ordinary fine-tuning on what remains. Whatever the original and the retrained model are,
// clipped they lie at most 2 C apart, so noise of this size hides which of them it was: no
// assumption on loss or training. mu is the analytic Gaussian mechanism's
// (core/privacy/gaussian.h); published code has sqrt(2 ln(1.25 / delta)) / epsilon in its place,
// proved for epsilon < 1 only. The comparator is the same procedure on the retrained model;
// requests one after another need no other epsilon, as what comes later is made of the released
// model and what remains. Source: Koloskova et al. 2025 (arXiv 2506.06985), their baseline. Cost:
// n_r times the epochs.
#include <ATen/ATen.h>

#include "core/privacy/gaussian.h"
#include "core/unlearn/private_release.h"

namespace oubli {
namespace {

class OutputPerturbation : public Unlearner {
 public:
  explicit OutputPerturbation(const Settings& settings)
      : target_(PrivacyTarget::read(settings)),
        radius_(settings.real(
            "radius", {.default_value = 1, .above = 0, .doc = "C, of the ball that holds theta"})),
        steps_(DescentSettings::read(settings, {.epochs = 10, .lr = 0.01})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.retain.size() * steps_.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    Certificate certificate{.epsilon = target_.epsilon,
                            .delta = target_.delta,
                            .accountant = "analytic Gaussian",
                            .sensitivity = 2 * radius_,
                            .assumptions = assumptions_of_release(model, task)};
    certificate.mu = gaussian_mu(target_.epsilon, target_.delta);
    certificate.sigma = 2 * radius_ / *certificate.mu;
    UnlearnReport report = certified(certificate);
    if (!report.usable()) return report;
    Generator noise = context.generator.stream("noise");
    model.set_theta(clipped_to(model.theta(), radius_));
    add_noise(model, certificate.sigma, noise);
    finetune_released(model, task, steps_, context, report);
    return report;
  }

 private:
  PrivacyTarget target_;
  double radius_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo output_perturbation_method() {
  return {
      .name = "output_perturbation",
      .summary = "clips the original, hides it in noise, and fine-tunes; (epsilon, delta)",
      .reference = "Koloskova et al. 2025, arXiv 2506.06985",
      .definition =
          "theta' = theta min(1, radius / |theta|) + N(0, sigma^2 I), sigma = 2 radius / mu, mu "
          "the largest with Phi(mu/2 - epsilon/mu) - e^epsilon Phi(-mu/2 - epsilon/mu) <= "
          "delta; then finetune with the settings of steps.",
      .needs_retain_data = true,
      .needs_forget_data = false,
      .supports_adding = true,
      .version = 2,  // the certificate has all its assumptions
      .make = make_unlearner<OutputPerturbation>};
}

}  // namespace oubli
