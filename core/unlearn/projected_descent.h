// Gradient descent of a linear model over a whole set, inside a ball, with noise or without: how
// originals are trained whose requests are answered by more of the same steps, and those steps.
//
//   W <- P_R( W - eta g(W) + sqrt(2 eta) sigma N(0, I) )
//
// g of LinearObjective, clipped or not, P_R(W) = W min(1, R / |W|). With eta = 2 / (room L + mu) a
// step contracts by c = 1 - eta mu, and still does on what remains as long as J is no less smooth
// there than `room` L says (convex_constants.h). So it does with clipped gradients where those
// belong to a convex function with no larger second derivatives: under a loss of one output, and
// under the squared error, whose residuals clipping projects onto a ball. Of several outputs under
// another loss that does not follow.
//
// Where m of n leave, no gradient changes by more than 2 G m / n, each example's share in the mean
// by 1/(n - m) - 1/n or 1/n: the shift of every step before the request is eta times that
// (core/privacy/contraction.h). Those of several requests add up. Nothing is added.
#pragma once

#include <cstdint>
#include <string>

#include "core/privacy/certificate.h"
#include "core/privacy/contraction.h"
#include "core/unlearn/convex_constants.h"
#include "core/unlearn/linear_objective.h"
#include "core/unlearn/task.h"
#include "core/unlearn/training_plan.h"

namespace oubli {

// Of a training plan with the procedure `projected`.
struct ProjectedSettings {
  std::int64_t steps = 1000;
  double radius = 0;  // R; 0: of the ball that holds every minimum
  double sigma = 0;
  double clip = 0;  // 0: none
  double room = 1.1;

  // Reads `training_steps` and `radius`.
  void read(const Settings& settings);
  // The plan with such steps for its procedure.
  TrainingPlan plan(TrainingPlan standard) const;

  Json to_json() const;
  static ProjectedSettings of(const Json& json);
};

// More of them are not taken for a request.
constexpr std::int64_t kMostProjectedSteps = 10'000'000;

struct ProjectedSteps {
  double eta = 0;
  double radius = 0;  // infinite: no ball
  double noise = 0;   // its deviation in one step
  double clip = 0;    // infinite: none

  // Takes them from w, [d, outputs]; false, and w at any of them, where the context asks to stop.
  // `draw` is of noise, and not asked without it.
  bool take(Tensor& w, const LinearObjective& objective, std::int64_t steps, Generator& draw,
            Context& context) const;
};

// An original that was trained so, and what has been done with it since.
struct ProjectedRun {
  std::string unknown;  // why it was not trained so, where it was not
  ProjectedSteps steps;
  double strong_convexity = 0, smoothness = 0, lipschitz = 0;  // mu, L, and G, clipped or not
  double room = 1;
  std::int64_t examples = 0;  // that L is of
  std::vector<DescentPhase> phases = {};
  Tensor w;                 // float64 [d, outputs]
  bool is_stopped = false;  // by the context, before the end; not written down

  double contraction() const { return 1 - steps.eta * strong_convexity; }
  // The run, with `more` steps to come, beside one that takes all of them on what remains.
  TwoDescents beside_retraining(std::int64_t more) const;
  // Moves the shifts of all that was done on by this request's.
  void add_request(const Task& task);

  // What is to be said of so many steps for a request; "" where they are fewer than training's.
  std::string warning(std::int64_t more) const;

  MethodState to_state() const;
  static ProjectedRun of(const MethodState& state);
};

// The recipe's objective over the set, from the model's parameters. The run's phase has no shift
// yet. Where constants are not known the model stays as it is, and the run says why.
ProjectedRun descend_projected(Model& model, const Subset& subset, const Objective& objective,
                               const ProjectedSettings& settings, Context& context);

// Where the last request left the run, or training did; none where neither wrote it down.
std::optional<ProjectedRun> projected_run_before(const Task& task);

// What certificates of such runs rest on. Takes the constants of what remains where those of the
// original do not bound them.
std::vector<Assumption> assumptions_of(const std::optional<ProjectedRun>& run, const Model& model,
                                       const Task& task, CostMeter& cost);

}  // namespace oubli
