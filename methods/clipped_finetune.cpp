// Noisy fine-tuning with clipped gradients: a certificate that asks nothing of the loss.
//
//   theta_0 = clip_C0(theta)
//   theta_{t+1} = theta_t - eta (clip_C(g_t) + lambda theta_t) + sigma N(0, I),  t = 0 .. T - 1,
//
// g_t the gradient of the mean loss over a batch of what remains, without l2; then ordinary
// fine-tuning. Two runs from different starts, on the same batches, can lie apart by at most
//
//   A = 2 C0 r^T + 2 eta C (1 - r^T) / (1 - r),  r = 1 - eta lambda,
//
// which the noise of all steps, S = sigma^2 (1 - r^2T) / (1 - r^2), covers step by step: the Renyi
// divergence of order a is at most a A^2 / (2 S) (privacy amplification by iteration: Feldman et
// al. 2018). sigma is the smallest with the epsilon and delta asked for, by Renyi's conversion at
// its best order (core/privacy/gaussian.h). The released code takes rho for epsilon in that
// conversion and so claims 1 where 7 is true. The comparator is the same procedure from the
// retrained model. Requests one after another need no other epsilon: what comes later is made of
// the released model and what remains. Source: Koloskova et al. 2025 (arXiv 2506.06985). T: as many
// steps as shrink the start to the size of a step, unless given. Cost: T batches, and n_r times the
// epochs.
#include <ATen/ATen.h>

#include <cmath>

#include "core/privacy/gaussian.h"
#include "core/unlearn/private_release.h"

namespace oubli {
namespace {

// sum of r^t over t < steps.
double geometric_sum(double r, std::int64_t steps) {
  const double n = static_cast<double>(steps);
  return r == 1 ? n : -std::expm1(n * std::log(r)) / (1 - r);
}

class ClippedFinetune : public Unlearner {
 public:
  explicit ClippedFinetune(const Settings& settings)
      : target_(PrivacyTarget::read(settings)),
        radius_(settings.real("radius", {.default_value = 1,
                                         .above = 0,
                                         .doc = "C0, of the ball that the start is clipped to"})),
        clip_(settings.real(
            "clip", {.default_value = 10, .above = 0, .doc = "C, largest norm of a gradient"})),
        eta_(settings.real("eta",
                           {.default_value = 1e-3, .above = 0, .doc = "rate of the noisy steps"})),
        lambda_(settings.real(
            "lambda", {.default_value = 100, .at_least = 0, .doc = "decay of the noisy steps"})),
        noisy_steps_(settings.integer(
            "noisy_steps", {.default_value = 0,
                            .at_least = 0,
                            .doc = "T; 0: as many as shrink the start to the size of a step"})),
        steps_(DescentSettings::read(settings, {.epochs = 10, .lr = 0.01})) {
    if (eta_ * lambda_ >= 1 && !settings.is_describing()) {
      settings.fail("lambda", "eta times lambda is 1 or more: a step would forget its start.");
    }
  }

  std::optional<double> estimate_cost(const Task& task) const override {
    return cost_of_release(steps_in_all(), steps_, task);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    Certificate certificate = certify(model, task);
    UnlearnReport report = certified(certificate);
    report.details["noisy_steps"] = steps_in_all();
    if (!report.usable()) return report;
    model.set_theta(clipped_to(model.theta(), radius_));
    const NoisySteps noisy{steps_in_all(), eta_, certificate.sigma, steps_.batch_size};
    noisy.take(model, task, context, [&](const Tensor& gradient) {
      const Tensor step =
          clipped_to(gradient, clip_).to(at::kDouble) + lambda_ * model.theta().to(at::kDouble);
      model.add_to_theta(step, -eta_);
    });
    finetune_released(model, task, steps_, context, report);
    return report;
  }

 private:
  double contraction() const { return 1 - eta_ * lambda_; }

  std::int64_t steps_in_all() const {
    if (noisy_steps_ > 0) return noisy_steps_;
    double steps = std::ceil(radius_ / (clip_ * eta_));
    if (lambda_ > 0 && 2 * lambda_ * radius_ > clip_) {
      steps =
          std::min(steps, std::ceil(std::log(2 * lambda_ * radius_ / clip_) / (eta_ * lambda_)));
    }
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::min(steps, 1e6)));
  }

  Certificate certify(const Model& model, const Task& task) const {
    const std::int64_t steps = steps_in_all();
    const double r = contraction();
    const double apart = 2 * radius_ * std::pow(r, static_cast<double>(steps)) +
                         2 * eta_ * clip_ * geometric_sum(r, steps);
    const double variances = geometric_sum(r * r, steps);  // S over sigma^2
    Certificate certificate{.epsilon = target_.epsilon,
                            .delta = target_.delta,
                            .accountant = "Renyi, at its best order",
                            .sensitivity = apart / std::sqrt(variances),
                            .assumptions = assumptions_of_release(model, task)};
    const double rho = renyi_rho(target_.epsilon, target_.delta);
    certificate.sigma = apart / std::sqrt(2 * rho * variances);
    return certificate;
  }

  PrivacyTarget target_;
  double radius_, clip_, eta_, lambda_;
  std::int64_t noisy_steps_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo clipped_finetune_method() {
  return {
      .name = "clipped_finetune",
      .summary = "noisy steps with clipped gradients, then fine-tuning; (epsilon, delta)",
      .reference = "Koloskova et al. 2025, arXiv 2506.06985",
      .definition =
          "theta_0 = theta clipped to `radius`; T times theta <- theta - eta (gradient of the "
          "mean loss over a batch of what remains, clipped to `clip`, + lambda theta) + sigma "
          "N(0, I); then finetune. sigma is the smallest with Renyi's epsilon of rho = A^2 / (2 "
          "S) at most `epsilon`, A = 2 radius r^T + 2 eta clip (1 - r^T)/(1 - r), S = sigma^2 "
          "(1 - r^2T)/(1 - r^2), r = 1 - eta lambda.",
      .needs_retain_data = true,
      .needs_forget_data = false,
      .supports_adding = true,
      .version = 2,  // the certificate has all its assumptions
      .make = make_unlearner<ClippedFinetune>};
}

}  // namespace oubli
