// A step that a solve proposes, held against the objective that it is to lower.
//
// The step s x, x solving (C + mu I) x = b, has a quadratic model of the objective F at theta,
//
//   predicted decrease   q = s d'x - (s^2 / 2) x'C x,     d = -grad F(theta),
//   C x = b - r - mu x,  with r the solve's residual,
//
// and a true one, F(theta) - F(theta + s x). Their ratio is the reduction ratio, 1 for a quadratic
// F whose Hessian is C. The step is not taken, and theta stays what it was,
//
//   where the solve refuses it (SolveReport::refusal),
//   where F(theta + s x) is not finite,
//   where F rises by more than 2 max(|q|, s^2 |x'C x| / 2) - q. Of a Newton step both are q: F was
//     to fall, and rises by more than that. Other steps may be predicted to raise F, as from a
//     start that is no minimum, or to do nothing because two large terms cancel.
//
// Differences of F below the rounding of the model's type count as none. Cost: that of one
// evaluation of F.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/nn/model.h"
#include "core/solve/solution.h"
#include "core/unlearn/report.h"

namespace oubli {

// F at the parameters before the step.
struct StepStart {
  double objective = 0;
  Tensor descent;  // -grad F, float64 [dim]
};

struct StepOutcome {
  bool is_taken = false;
  bool rises = false;           // F, by more than rounding, where it was to fall
  std::optional<double> ratio;  // of the true to the predicted decrease, where one was predicted
  std::string message;          // what F did and what was predicted; why the step was not taken
};

// `objective`: F at the model's present parameters. `where` stands in front of messages, as "step
// 2".
StepOutcome take_step(Model& model, const Solution& solution, const Tensor& b, double scale,
                      const StepStart& start, const std::function<double()>& objective);

// Puts a step into the report's status and message: Stopped where its solve was; Partial where the
// solve did not converge, the step was refused, or F rises where it was to fall. Returns whether
// another step makes sense.
bool note_step(const SolveReport& solve, const StepOutcome& outcome, const std::string& where,
               UnlearnReport& report);

}  // namespace oubli
