// A proximal Newton step, released with noise: certified unlearning without convexity, where its
// constants are given.
//
//   theta^- = theta - (H + gamma I)^-1 grad J(theta; D_r),  released: theta^- + N(0, sigma^2 I)
//   |theta^- - theta_r| <= S = (gamma e + M e^2 / 2 + t + r) / (gamma + h),   e >= |theta -
//   theta_r| sigma = S / mu(epsilon, delta)
//
// H is the Hessian of J(.; D_r), h a number that no eigenvalue of it is below, M its Lipschitz
// constant, t the gradient that training leaves (the retrained model's is taken to be no longer),
// and r what the solve left: from the expansion of grad J around theta_r. e is |theta| + radius,
// the ball that training is believed to end in. Source: Zhang, Dong, Wang, Li 2024 (arXiv
// 2408.00920), theorem 3.3, whose 2 C (M C + gamma) / (gamma + h) this is for |theta| = radius = C,
// t = r = 0.
//
// Of linear models all constants are known (core/unlearn/convex_constants.h), and e then is no more
// than what the removed examples can pull. Of networks M and h are not: without the settings
// `hessian_lipschitz` and `smallest_curvature`, which are believed, `sigma: certified` refuses. The
// default is noise of a given size and no certificate, which is what the published code does; it
// also takes the sum of the tensors' norms for its regulariser, whose Hessian adds no gamma I along
// the parameters themselves; the proximal term here makes the step exactly that of the formula.
//
// Cost: n and n_r, and 2 n_r for each product.
#include <algorithm>
#include <cmath>
#include <optional>

#include "core/unlearn/convex_constants.h"
#include "core/unlearn/noisy_newton.h"

namespace oubli {
namespace {

using Status = Assumption::Status;

constexpr double kDamping = 0.01;

class NewtonConvexified : public Unlearner {
 public:
  explicit NewtonConvexified(const Settings& settings)
      : newton_(NoisyNewton::read(settings)),
        radius_(settings.real("radius", {.default_value = 20,
                                         .above = 0,
                                         .doc = "of the ball that trained parameters lie in"})),
        hessian_lipschitz_(settings.real(
            "hessian_lipschitz",
            {.default_value = 0,
             .at_least = 0,
             .doc = "M, believed, of models of which it is not known; 0: refuse those"})),
        smallest_curvature_(settings.real(
            "smallest_curvature",
            {.default_value = 0, .doc = "h, believed, of models of which it is not known"})),
        sigma_(settings.real_or("sigma", "certified",
                                {.default_value = 0.001,
                                 .above = 0,
                                 .doc = "of the noise, without a certificate; `certified`: what "
                                        "epsilon and delta ask for"})) {
    damping_ = settings.real_or(
        "damping", "auto",
        {.at_least = 0,
         .doc = "gamma, of the proximal term; auto: 0 where the objective is known to be strongly "
                "convex, else 0.01"});
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    Certificate certificate;
    certificate.assumptions = assumptions_of_release(model, task);
    std::optional<ConvexConstants> known;
    if (!sigma_) known = find_constants(model, task, context, certificate);
    NoisyNewton newton = newton_;
    const bool is_convex = known && known->strong_convexity > 0;
    newton.solve.damping = damping_.value_or(is_convex ? 0 : kDamping);
    certificate.assumptions.push_back(
        {"the damping is above what the smallest curvature lacks",
         *newton.solve.damping + smallest_of(known) > 0 ? Status::kChecked : Status::kFails});
    return newton.release(
        model, task, context, certificate,
        [&](const NewtonStep& step) { return error_bound(known, task, step); }, sigma_);
  }

 private:
  std::optional<ConvexConstants> find_constants(const Model& model, const Task& task,
                                                Context& context, Certificate& certificate) const {
    auto& assumptions = certificate.assumptions;
    if (hessian_lipschitz_ > 0) {
      assumptions.push_back(
          {"hessian_lipschitz and smallest_curvature are what they were set to", Status::kAssumed});
    }
    assumptions.push_back(
        {"retrained parameters lie in the ball of `radius`, and their gradient is "
         "no longer than the original's",
         Status::kAssumed});
    if (hessian_lipschitz_ > 0) return std::nullopt;
    const KnownConstants known =
        convex_constants(model, task.train, task.objective(), context.cost);
    assumptions.push_back({known.constants
                               ? "the constants of the objective are known"
                               : known.unknown + " (set hessian_lipschitz and "
                                                 "smallest_curvature to what you "
                                                 "believe, or sigma for noise without a "
                                                 "certificate)",
                           known.constants ? Status::kChecked : Status::kFails});
    return known.constants;
  }

  double smallest_of(const std::optional<ConvexConstants>& known) const {
    return known ? known->strong_convexity : smallest_curvature_;
  }

  double error_bound(const std::optional<ConvexConstants>& known, const Task& task,
                     const NewtonStep& step) const {
    double way = step.length + radius_;
    if (known && known->strong_convexity > 0 && std::isfinite(known->lipschitz)) {
      const double curvature = known->strong_convexity * static_cast<double>(task.retain.size());
      const double pull = 2 * known->lipschitz * static_cast<double>(task.forget.size());
      const double start = step.distance.value_or(step.gradient_left / known->strong_convexity);
      way = std::min(way, start + pull / curvature);
    }
    const double lipschitz = known ? known->hessian_lipschitz : hessian_lipschitz_;
    return (step.damping * way + lipschitz * way * way / 2 + step.gradient_left + step.residual) /
           (step.damping + smallest_of(known));
  }

  NoisyNewton newton_;
  std::optional<double> damping_;
  double radius_, hessian_lipschitz_, smallest_curvature_;
  std::optional<double> sigma_;
};

}  // namespace

MethodInfo newton_convexified_method() {
  return {
      .name = "newton_convexified",
      .summary = "a proximal Newton step, its error hidden in noise; (epsilon, delta)",
      .reference = "Zhang et al. 2024, arXiv 2408.00920",
      .definition =
          "theta - (H + damping I)^-1 grad J(theta; D_r) + N(0, sigma^2 I), sigma = S / "
          "mu(epsilon, delta), mu the analytic Gaussian's, S = (damping e + M e^2 / 2 + t + r) "
          "/ (damping + h), e = |theta| + radius, and of linear models at most t / l2 + 2 m G / "
          "(l2 n_r); M and h bound the Hessian's change and its eigenvalues from below, t and r "
          "are the gradients that training and the solve left. With `sigma`: that noise, and no "
          "certificate.",
      .needs_retain_data = true,
      .needs_forget_data = true,
      .supports_adding = false,
      .version = 2,  // the certificate is of all releases, and has all its assumptions
      .make = make_unlearner<NewtonConvexified>};
}

}  // namespace oubli
