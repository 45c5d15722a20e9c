// One Newton step on what remains, released with noise that hides how far it may be from the
// retrained model: what newton_noise and newton_convexified share.
//
//   theta^- = theta - (H + gamma I)^-1 grad J(theta; D_r),   released: theta^- + N(0, sigma^2 I),
//   sigma = S / mu(epsilon, delta),   S >= |theta^- - theta_r|
//
// The methods differ in how they bound S. theta^- itself is kept for the next request (state
// "unreleased"), which starts from there, and S with it: a released vector would carry its noise
// along. As it goes on from there, each release tells of all requests before it anew: k of them,
// with noise of their own, have mu sqrt(k) together, and the certificate's epsilon is that of all.
// A release that would be mostly noise, sigma sqrt(dim) above `largest_noise` |theta^-|, is
// refused: it could be used for nothing.
#pragma once

#include <functional>
#include <optional>

#include "core/solve/curvature_solve.h"
#include "core/unlearn/private_release.h"

namespace oubli {

// What a bound of S may use.
struct NewtonStep {
  double damping = 0;        // gamma
  double residual = 0;       // |(H + gamma I) step + grad J(theta; D_r)|
  double gradient_left = 0;  // by the original's training, over what it was trained on
  double length = 0;         // |theta|
  // Of theta to the minimum of the set before this request, at most; none at the first.
  std::optional<double> distance = {};
};

struct NoisyNewton {
  PrivacyTarget target;
  double largest_noise = 1;
  CurvatureSolveSettings solve;

  // Reads epsilon, delta, largest_noise, tolerance and max_iterations. Conjugate gradients on the
  // Hessian; the damping is the method's.
  static NoisyNewton read(const Settings& settings);

  // `certificate` has the assumptions. Refuses where one fails, where the solve has no answer, or
  // where noise would be all that is left; nothing has moved then. With a `sigma` that is noise of
  // that size, whatever S, and there is no certificate.
  UnlearnReport release(Model& model, const Task& task, Context& context, Certificate certificate,
                        const std::function<double(const NewtonStep&)>& bound,
                        std::optional<double> sigma = {}) const;
};

}  // namespace oubli
