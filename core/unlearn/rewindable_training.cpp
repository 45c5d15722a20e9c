#include "core/unlearn/rewindable_training.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/train/objective.h"
#include "core/unlearn/convex_constants.h"

namespace oubli {
namespace {

// The constants without the parameters.
RewindPoint rewind_constants(const Model& model, const Subset& subset, const Objective& objective,
                             const RewindSettings& settings, CostMeter& cost) {
  RewindPoint point;
  point.examples = subset.size();
  point.steps = settings.steps;
  point.rewind = settings.rewind;
  point.smoothness = settings.smoothness;
  point.lipschitz = settings.lipschitz;
  point.is_assumed = settings.smoothness > 0 || settings.lipschitz > 0;
  const KnownConstants known =
      convex_constants(model, subset, objective, std::numeric_limits<double>::infinity(), cost);
  point.is_convex = known.constants.has_value();
  if (point.is_convex) {
    point.strong_convexity = known.constants->strong_convexity;
    if (settings.smoothness == 0) point.smoothness = known.constants->smoothness;
    if (settings.lipschitz == 0) point.lipschitz = known.constants->lipschitz;
  } else if (settings.smoothness == 0 || settings.lipschitz == 0) {
    point.unknown = known.unknown + "; or `smoothness` and `lipschitz` are given";
    return point;
  }
  if (!std::isfinite(point.lipschitz)) {
    point.unknown =
        "the loss's gradient is bounded, as that of the squared error is not; or "
        "`lipschitz` is given";
  }
  point.eta = settings.eta > 0 ? settings.eta : 1 / point.smoothness;
  return point;
}

}  // namespace

Json RewindSettings::to_json() const {
  return {{"steps", steps},
          {"rewind", rewind},
          {"eta", eta},
          {"smoothness", smoothness},
          {"lipschitz", lipschitz}};
}

RewindSettings RewindSettings::of(const Json& json) {
  return {json.at("steps").get<std::int64_t>(), json.at("rewind").get<std::int64_t>(),
          json.at("eta").get<double>(), json.at("smoothness").get<double>(),
          json.at("lipschitz").get<double>()};
}

double RewindPoint::growth(std::int64_t remaining) const {
  if (!is_convex) return 1 + eta * smoothness;
  const double share = static_cast<double>(examples) / static_cast<double>(remaining);
  const double rest = share * (smoothness - strong_convexity) + strong_convexity;
  return std::max(std::abs(1 - eta * strong_convexity), std::abs(1 - eta * rest));
}

TwoDescents RewindPoint::beside_retraining(std::int64_t remaining) const {
  const double removed = static_cast<double>(examples - remaining);
  const double shift = 2 * eta * lipschitz * removed / static_cast<double>(examples);
  return {.contraction = growth(remaining), .phases = {{steps - rewind, shift}, {rewind, 0}}};
}

MethodState RewindPoint::to_state() const {
  MethodState state;
  state.values = {{"unknown", unknown},
                  {"eta", eta},
                  {"smoothness", smoothness},
                  {"strong_convexity", strong_convexity},
                  {"lipschitz", number_or_null(lipschitz)},
                  {"is_convex", is_convex},
                  {"is_assumed", is_assumed},
                  {"examples", examples},
                  {"steps", steps},
                  {"rewind", rewind}};
  if (theta.defined()) state.tensors.emplace_back("theta", theta);
  return state;
}

RewindPoint RewindPoint::of(const MethodState& state) {
  const Json& values = state.values;
  RewindPoint point;
  point.unknown = values.at("unknown").get<std::string>();
  if (!point.unknown.empty()) return point;
  point.eta = values.at("eta").get<double>();
  point.smoothness = values.at("smoothness").get<double>();
  point.strong_convexity = values.at("strong_convexity").get<double>();
  point.lipschitz = values.at("lipschitz").get<double>();
  point.is_convex = values.at("is_convex").get<bool>();
  point.is_assumed = values.at("is_assumed").get<bool>();
  point.examples = values.at("examples").get<std::int64_t>();
  point.steps = values.at("steps").get<std::int64_t>();
  point.rewind = values.at("rewind").get<std::int64_t>();
  point.theta = state.tensor("theta");
  return point;
}

RewindPoint descend_rewindable(Model& model, const Subset& subset, const Objective& objective,
                               const RewindSettings& settings, Context& context) {
  RewindPoint point = rewind_constants(model, subset, objective, settings, context.cost);
  if (!point.unknown.empty()) return point;
  const auto take = [&](std::int64_t steps) {
    return take_full_steps(model, subset, objective, point.eta, steps, context);
  };
  point.is_stopped = !take(settings.steps - settings.rewind);
  point.theta = model.theta().clone();
  point.is_stopped = point.is_stopped || !take(settings.rewind);
  return point;
}

bool take_full_steps(Model& model, const Subset& subset, const Objective& objective, double eta,
                     std::int64_t steps, Context& context) {
  for (std::int64_t t = 0; t < steps; ++t) {
    if (context.should_stop()) return false;
    context.progress(static_cast<double>(t) / static_cast<double>(steps));
    const Tensor gradient = value_and_gradient(model, subset, objective, context.cost).gradient;
    model.add_to_theta(gradient, -eta);
  }
  return true;
}

}  // namespace oubli
