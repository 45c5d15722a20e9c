// A Newton step on a strongly convex objective, released with noise that hides its error.
//
//   w~ = w - H^-1 grad J(w; D_r),  H the Hessian of J(.; D_r);  released: w~ + N(0, sigma^2 I)
//   |w~ - w_r| <= S = M a^2 / (2 l2) + (t + r) / l2,
//   a = (2 m G + n t) / (l2 n_r),   sigma = S / mu(epsilon, delta)
//
// G bounds each example's gradient and M the Lipschitz constant of its Hessian
// (core/unlearn/convex_constants.h), w_r is the minimum over what remains, t the gradient that
// training left and r what the solve left. a bounds the way from w to w_r: at the minimum of J over
// D, l2 |w| <= G, so an example with its regulariser pulls by 2 G at most. A further request starts
// from the last w~, at most S away from the minimum before, and has S + 2 m G / (l2 n_r) for a. The
// comparator is the minimum over what remains, released with the same noise. The squared error has
// M = 0 and needs none, but for t and r.
//
// Source: Sekhari et al. 2021 (arXiv 2103.03279), algorithm 1, whose bound is 2 M L^2 m^2 /
// (l2^3 n^2) with L for 2 G, and whose noise has the classical constant; the analytic Gaussian's
// stands in here. They make the step from stored second derivatives, without what remains; here it
// is made from that. Linear models only: others are refused. Cost: n_r, 2 n_r for each product, and
// the constants.
#include "core/unlearn/convex_constants.h"
#include "core/unlearn/exact_training.h"
#include "core/unlearn/noisy_newton.h"

namespace oubli {
namespace {

using Status = Assumption::Status;

class NewtonNoise : public Unlearner {
 public:
  explicit NewtonNoise(const Settings& settings) : newton_(NoisyNewton::read(settings)) {}

  TrainingPlan training_plan(TrainingPlan standard) const override {
    return trained_to_the_minimum(std::move(standard));
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const KnownConstants known =
        convex_constants(model, task.train, task.objective(), context.cost);
    Certificate certificate;
    certificate.assumptions = assumptions_of_release(model, task);
    certificate.assumptions.push_back(
        {known.constants ? "the constants of the objective are known" : known.unknown,
         known.constants ? Status::kChecked : Status::kFails});
    certificate.assumptions.push_back(
        {"l2 is above 0, and the objective strongly convex",
         task.objective().l2 > 0 ? Status::kChecked : Status::kFails});
    certificate.assumptions.push_back(
        {"no input is longer than the longest of this set, whatever is removed", Status::kAssumed});
    return newton_.release(model, task, context, certificate, [&](const NewtonStep& step) {
      return error_bound(*known.constants, task, step);
    });
  }

 private:
  static double error_bound(const ConvexConstants& c, const Task& task, const NewtonStep& step) {
    const double solved = (step.gradient_left + step.residual) / c.strong_convexity;
    if (c.hessian_lipschitz == 0) return solved;
    const double pull = 2 * c.lipschitz * static_cast<double>(task.forget.size());
    const double curvature = c.strong_convexity * static_cast<double>(task.retain.size());
    const double way =
        step.distance
            ? *step.distance + pull / curvature
            : (pull + step.gradient_left * static_cast<double>(task.train.size())) / curvature;
    return c.hessian_lipschitz * way * way / (2 * c.strong_convexity) + solved;
  }

  NoisyNewton newton_;
};

}  // namespace

MethodInfo newton_noise_method() {
  return {
      .name = "newton_noise",
      .summary =
          "a Newton step on a convex objective, its error hidden in noise; "
          "(epsilon, delta)",
      .reference = "Sekhari et al. 2021, arXiv 2103.03279",
      .definition =
          "w - H^-1 grad J(w; D_r) + N(0, sigma^2 I), sigma = S / mu(epsilon, delta), mu the "
          "analytic Gaussian's, S = M a^2 / (2 l2) + (t + r) / l2, a = (2 m G + n t) / "
          "(l2 n_r), G and M the bounds of an example's gradient and of its Hessian's change "
          "(core/unlearn/convex_constants.h), t and r the gradients that training and the solve "
          "left. A further request starts from the vector before its noise, with S + 2 m G / "
          "(l2 n_r) for a.",
      .needs_retain_data = true,
      .needs_forget_data = true,
      .supports_adding = false,
      .version = 2,  // the certificate is of all releases, and has all its assumptions
      .make = make_unlearner<NewtonNoise>};
}

}  // namespace oubli
