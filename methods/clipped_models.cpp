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
// same procedure from the retrained model. Source: Koloskova et al. 2025 (arXiv 2506.06985),
// theorem on model clipping. Cost: as many batches, and n_r times the epochs.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "core/privacy/gaussian.h"
#include "core/train/descent.h"
#include "core/unlearn/private_release.h"

namespace oubli {
namespace {

constexpr std::int64_t kMostSteps = 100'000;

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
    const std::int64_t batch = steps_.batch_size > 0 ? steps_.batch_size : task.recipe.batch_size;
    return static_cast<double>(task.retain.size() * steps_.epochs + batch * noisy_steps_);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    Certificate certificate{.epsilon = target_.epsilon,
                            .delta = target_.delta,
                            .accountant = "analytic Gaussian, step by step",
                            .sensitivity = 2 * clip_,
                            .sigma = sigma_,
                            .assumptions = assumptions_of_release(model)};
    certificate.assumptions.push_back(
        {fmt::format("{} steps bring delta down to what was asked for", kMostSteps),
         noisy_steps_ <= kMostSteps ? Assumption::Status::kChecked : Assumption::Status::kFails});
    UnlearnReport report = certified(certificate);
    report.details["noisy_steps"] = noisy_steps_;
    if (!report.usable()) return report;
    take_noisy_steps(model, task, context);
    finetune_released(model, task, steps_, context, report);
    return report;
  }

 private:
  std::int64_t steps_needed() const {
    double delta = 1;
    std::int64_t steps = 0;
    while (delta > target_.delta && steps <= kMostSteps) {
      // ln(1 + (e^epsilon - 1) / delta), where e^epsilon may be no number.
      const double here =
          target_.epsilon - std::log(delta) + std::log1p((delta - 1) * std::exp(-target_.epsilon));
      delta *= gaussian_delta(2 * clip_ / sigma_, here);
      ++steps;
    }
    return steps;
  }

  void take_noisy_steps(Model& model, const Task& task, Context& context) const {
    TrainingRecipe recipe = task.recipe;
    recipe.objective.l2 = 0;
    recipe.optimizer = {.name = "sgd", .lr = eta_};
    recipe.clip_norm = 0;
    if (steps_.batch_size > 0) recipe.batch_size = steps_.batch_size;
    Descent descent(model, recipe, context);
    BatchStream retain = descent.batches(task.retain);
    Generator noise = context.generator.stream("noise");
    for (std::int64_t t = 0; t < noisy_steps_; ++t) {
      const Tensor& gradient = descent.gradient(descent.loss(retain.next()));
      const Tensor theta = model.theta().to(at::kDouble);
      model.set_theta(
          clipped_to(theta - eta_ * (gradient.to(at::kDouble) + lambda_ * theta), clip_));
      add_noise(model, sigma_, noise);
    }
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
          .make = make_unlearner<ClippedModels>};
}

}  // namespace oubli
