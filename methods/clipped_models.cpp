// Noisy fine-tuning of clipped models: as many steps as the guarantee asks for.
//
//   theta_{t+1} = clip_C( theta_t - eta (g_t + lambda theta_t) ) + sigma N(0, I)
//
// g_t the gradient of the mean loss over a batch of what remains, without l2; then ordinary
// fine-tuning. Two runs lie at most 2 C apart before each noise, so each step hides the start a
// little more:
//
//   delta_{t+1} = delta_t theta( ln(1 + (e^epsilon - 1) / delta_t), 2 C / sigma ),  delta_0 = 1,
//
// theta(e, r) the delta of a Gaussian release of mu = r at epsilon = e. Steps go on until delta_t
// is at most `delta`: their number depends on C / sigma and the target alone. The comparator is the
// same procedure from the retrained model; requests one after another need no other epsilon, as
// what comes later is made of the released model and what remains. Source: Koloskova et al. 2025
// (arXiv 2506.06985), theorem on model clipping. Cost: as many batches, and n_r times the epochs.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/privacy/gaussian.h"
#include "core/unlearn/private_release.h"

namespace oubli {
namespace {

constexpr std::int64_t kMostNoisySteps = 100'000;

class ClippedModels : public Unlearner {
 public:
  explicit ClippedModels(const Settings& settings)
      : target_(PrivacyTarget::read(settings)),
        clip_(settings.real(
            "clip",
            {.default_value = 0.5, .above = 0, .doc = "C, largest norm of the parameters"})),
        sigma_(settings.real(
            "sigma", {.default_value = 0.5, .above = 0, .doc = "of the noise of each step"})),
        eta_(settings.real("eta",
                           {.default_value = 1e-3, .above = 0, .doc = "rate of the noisy steps"})),
        lambda_(settings.real(
            "lambda", {.default_value = 0, .at_least = 0, .doc = "decay of the noisy steps"})),
        steps_(DescentSettings::read(settings, {.epochs = 10, .lr = 0.01})),
        noisy_steps_(settings.is_describing() ? 1 : steps_needed()) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return cost_of_release(noisy_steps_, steps_, task);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    Certificate certificate{.epsilon = target_.epsilon,
                            .delta = target_.delta,
                            .accountant = "analytic Gaussian, step by step",
                            .sensitivity = 2 * clip_,
                            .sigma = sigma_,
                            .assumptions = assumptions_of_release(model, task)};
    certificate.assumptions.push_back(
        {fmt::format("{} steps bring delta down to what was asked for",
                     std::min(noisy_steps_, kMostNoisySteps)),
         noisy_steps_ <= kMostNoisySteps ? Assumption::Status::kChecked
                                         : Assumption::Status::kFails});
    UnlearnReport report = certified(certificate);
    report.details["noisy_steps"] = noisy_steps_;
    if (!report.usable()) return report;
    const NoisySteps noisy{noisy_steps_, eta_, sigma_, steps_.batch_size};
    noisy.take(model, task, context, [&](const Tensor& gradient) {
      const Tensor theta = model.theta().to(at::kDouble);
      model.set_theta(
          clipped_to(theta - eta_ * (gradient.to(at::kDouble) + lambda_ * theta), clip_));
    });
    finetune_released(model, task, steps_, context, report);
    return report;
  }

 private:
  std::int64_t steps_needed() const {
    double delta = 1;
    std::int64_t steps = 0;
    while (delta > target_.delta && steps <= kMostNoisySteps) {
      // ln(1 + (e^epsilon - 1) / delta), where e^epsilon may be no number.
      const double here =
          target_.epsilon - std::log(delta) + std::log1p((delta - 1) * std::exp(-target_.epsilon));
      delta *= gaussian_delta(2 * clip_ / sigma_, here);
      ++steps;
    }
    return steps;
  }

  PrivacyTarget target_;
  double clip_, sigma_, eta_, lambda_;
  DescentSettings steps_;
  std::int64_t noisy_steps_;
};

}  // namespace

MethodInfo clipped_models_method() {
  return {.name = "clipped_models",
          .summary = "noisy steps of clipped models, then fine-tuning; (epsilon, delta)",
          .reference = "Koloskova et al. 2025, arXiv 2506.06985",
          .definition =
              "theta <- clip(theta - eta (gradient of the mean loss over a batch of what remains + "
              "lambda theta), to `clip`) + sigma N(0, I), as often as brings delta_t, from 1, to "
              "`delta` by delta_t <- delta_t d(2 clip / sigma, ln(1 + (e^epsilon - 1)/delta_t)), d "
              "the delta of a Gaussian release; then finetune.",
          .needs_retain_data = true,
          .needs_forget_data = false,
          .supports_adding = true,
          .version = 2,  // the certificate has all its assumptions
          .make = make_unlearner<ClippedModels>};
}

}  // namespace oubli
