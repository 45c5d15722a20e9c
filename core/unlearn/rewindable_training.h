// Gradient descent over the whole set, of any smooth model, that keeps where it was K steps before
// its end: for going back there and taking the last K steps on what remains.
//
//   theta <- theta - eta grad J(theta; S),   T times
//
// Beside a run that takes all T steps on what remains, with m of n removed, each of the first T - K
// steps shifts the two by 2 eta G m / n, and every step multiplies their distance by at most
//
//   g = max(|1 - eta mu|, |1 - eta L|)   of a linear model, whose J is convex: eigenvalues of the
//                                        Hessian lie in [mu, L], L that of what remains
//   g = 1 + eta L                        of any other that is smooth
//
// so that they end at most 2 eta G m / n (g^(T-K) - 1)/(g - 1) g^K apart. L and G are taken from a
// linear model and its data (convex_constants.h), or as given; G, of each example's loss without
// l2, is needed along the way of both runs.
#pragma once

#include <cstdint>
#include <string>

#include "core/privacy/contraction.h"
#include "core/unlearn/task.h"

namespace oubli {

// Of a training plan with the procedure `rewindable`.
struct RewindSettings {
  std::int64_t steps = 0;   // T
  std::int64_t rewind = 0;  // K
  double eta = 0;           // 0: 1 / L
  double smoothness = 0;    // L, l2 included; 0: as known
  double lipschitz = 0;     // G; 0: as known

  Json to_json() const;
  static RewindSettings of(const Json& json);
};

// What training wrote down.
struct RewindPoint {
  std::string unknown;  // why it was not trained so, where it was not
  double eta = 0, smoothness = 0, strong_convexity = 0, lipschitz = 0;
  bool is_convex = false, is_assumed = false;  // L or G were given
  std::int64_t examples = 0, steps = 0, rewind = 0;
  Tensor theta;             // at step T - K
  bool is_stopped = false;  // by the context, before the end; not written down

  // g of what remains, so many examples.
  double growth(std::int64_t remaining) const;
  // The run beside retraining on what remains; its distance bounds that of the last parameters.
  TwoDescents beside_retraining(std::int64_t remaining) const;

  MethodState to_state() const;
  static RewindPoint of(const MethodState& state);
};

// From the model's parameters. Where L or G are not known the model stays as it is, and the point
// says why.
RewindPoint descend_rewindable(Model& model, const Subset& subset, const Objective& objective,
                               const RewindSettings& settings, Context& context);

// Steps over the whole set; false, and the model at any of them, where the context asks to stop.
bool take_full_steps(Model& model, const Subset& subset, const Objective& objective, double eta,
                     std::int64_t steps, Context& context);

}  // namespace oubli
