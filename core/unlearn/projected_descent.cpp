#include "core/unlearn/projected_descent.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "core/unlearn/private_release.h"

namespace oubli {
namespace {

constexpr double kNoBound = std::numeric_limits<double>::infinity();

// What number_or_null made of it.
double or_infinite(const Json& json) { return json.is_null() ? kNoBound : json.get<double>(); }

void project(Tensor& w, double radius) {
  const double norm = w.norm().item<double>();
  if (norm > radius) w.mul_(radius / norm);
}

// Of J over what remains, bounded by the original's where that is enough.
double smoothness_of_rest(const ProjectedRun& run, const Model& model, const Task& task,
                          CostMeter& cost) {
  const double l2 = run.strong_convexity;
  const double share = static_cast<double>(run.examples) / static_cast<double>(task.retain.size());
  const double bound = share * (run.smoothness - l2) + l2;
  if (bound <= run.room * run.smoothness) return bound;
  const KnownConstants rest =
      convex_constants(model, task.retain, task.objective(), run.steps.radius, cost);
  return rest.constants ? rest.constants->smoothness : kNoBound;
}

}  // namespace

void ProjectedSettings::read(const Settings& settings) {
  steps = settings.integer(
      "training_steps",
      {.default_value = 1000, .at_least = 1, .doc = "T, over the whole set, of the original"});
  radius = settings.real(
      "radius", {.default_value = 0,
                 .at_least = 0,
                 .doc = "R, of the ball that steps stay in; 0: the one that holds every minimum"});
}

TrainingPlan ProjectedSettings::plan(TrainingPlan standard) const {
  standard.procedure = "projected";
  standard.settings = to_json();
  return standard;
}

Json ProjectedSettings::to_json() const {
  return {{"steps", steps}, {"radius", radius}, {"sigma", sigma}, {"clip", clip}, {"room", room}};
}

ProjectedSettings ProjectedSettings::of(const Json& json) {
  return {json.at("steps").get<std::int64_t>(), json.at("radius").get<double>(),
          json.at("sigma").get<double>(), json.at("clip").get<double>(),
          json.at("room").get<double>()};
}

bool ProjectedSteps::take(Tensor& w, const LinearObjective& objective, std::int64_t count,
                          Generator& draw, Context& context) const {
  w = w.clone();
  project(w, radius);
  for (std::int64_t t = 0; t < count; ++t) {
    if (context.should_stop()) return false;
    context.progress(static_cast<double>(t) / static_cast<double>(count));
    w.sub_(objective.gradient(w, context.cost, clip), eta);
    if (noise > 0) w.add_(draw.normal(w.sizes(), at::kDouble), noise);
    project(w, radius);
  }
  return true;
}

TwoDescents ProjectedRun::beside_retraining(std::int64_t more) const {
  TwoDescents both{contraction(), 2 * steps.radius, phases};
  both.phases.push_back({more, 0});
  return both;
}

void ProjectedRun::add_request(const Task& task) {
  const double share =
      static_cast<double>(task.forget.size()) / static_cast<double>(task.train.size());
  const double shift = steps.eta * lipschitz * 2 * share;
  for (DescentPhase& phase : phases) phase.shift += shift;
}

std::string ProjectedRun::warning(std::int64_t more) const {
  const std::int64_t trained = phases.front().steps;
  if (more < trained) return "";
  return fmt::format(
      "{} steps, where training takes {}: retraining is cheaper; more l2, noise or "
      "epsilon asks for fewer",
      more, trained);
}

MethodState ProjectedRun::to_state() const {
  MethodState state;
  state.values = {{"unknown", unknown},
                  {"eta", steps.eta},
                  {"radius", number_or_null(steps.radius)},
                  {"noise", steps.noise},
                  {"clip", number_or_null(steps.clip)},
                  {"strong_convexity", strong_convexity},
                  {"smoothness", smoothness},
                  {"lipschitz", number_or_null(lipschitz)},
                  {"room", room},
                  {"examples", examples},
                  {"phases", Json::array()}};
  for (const DescentPhase& phase : phases) {
    state.values["phases"].push_back({phase.steps, phase.shift});
  }
  if (w.defined()) state.tensors.emplace_back("w", w);
  return state;
}

ProjectedRun ProjectedRun::of(const MethodState& state) {
  const Json& values = state.values;
  const auto real = [&](const char* name) { return or_infinite(values.at(name)); };
  ProjectedRun run;
  run.unknown = values.at("unknown").get<std::string>();
  run.steps = {real("eta"), real("radius"), real("noise"), real("clip")};
  run.strong_convexity = real("strong_convexity");
  run.smoothness = real("smoothness");
  run.lipschitz = real("lipschitz");
  run.room = real("room");
  run.examples = values.at("examples").get<std::int64_t>();
  for (const Json& phase : values.at("phases")) {
    run.phases.push_back({phase.at(0).get<std::int64_t>(), phase.at(1).get<double>()});
  }
  run.w = state.tensor("w");
  return run;
}

ProjectedRun descend_projected(Model& model, const Subset& subset, const Objective& objective,
                               const ProjectedSettings& settings, Context& context) {
  ProjectedRun run;
  const double clip = settings.clip > 0 ? settings.clip : kNoBound;
  const KnownConstants known =
      settings.radius > 0
          ? convex_constants(model, subset, objective, settings.radius, context.cost)
          : convex_constants(model, subset, objective, context.cost);
  run.unknown = known.unknown;
  if (!known.constants) return run;
  const ConvexConstants& constants = *known.constants;
  const double eta = constants.contracting_step(settings.room);
  run.steps = {eta, settings.radius > 0 ? settings.radius : constants.radius_of_minima,
               settings.sigma * std::sqrt(2 * eta), clip};
  run.strong_convexity = constants.strong_convexity;
  run.smoothness = constants.smoothness;
  run.lipschitz = std::min(constants.lipschitz, clip);
  if (clip < constants.lipschitz && objective.loss != LossKind::kSquaredError &&
      objective.loss != LossKind::kBinaryLogistic) {
    run.unknown = fmt::format(
        "`clip` is not below {:.4g}, the longest gradient, or the loss is squared_error or "
        "binary_logistic: of others clipped gradients need not contract",
        constants.lipschitz);
    return run;
  }
  run.room = settings.room;
  run.examples = subset.size();
  run.phases = {{settings.steps, 0}};
  const LinearWeights weights = *LinearWeights::of(model);
  run.w = weights.matrix(model.theta());
  Generator draw = context.generator.stream("noise");
  run.steps.take(run.w, LinearObjective(weights, subset, objective), settings.steps, draw, context);
  model.set_theta(weights.flat(run.w));
  return run;
}

std::optional<ProjectedRun> projected_run_before(const Task& task) {
  if (task.state) return ProjectedRun::of(*task.state);
  const MethodStatePtr record = task.record ? task.record() : nullptr;
  if (!record) return std::nullopt;
  return ProjectedRun::of(*record);
}

std::vector<Assumption> assumptions_of(const std::optional<ProjectedRun>& run, const Model& model,
                                       const Task& task, CostMeter& cost) {
  using Status = Assumption::Status;
  const auto checked = [](bool holds) { return holds ? Status::kChecked : Status::kFails; };
  std::vector<Assumption> all = assumptions_of_release(model, task);
  all.push_back({"the original was trained by oubli in such steps", checked(run.has_value())});
  if (!run) return all;
  all.push_back({run->unknown.empty() ? "the objective's constants are known" : run->unknown,
                 checked(run->unknown.empty())});
  if (!run->unknown.empty()) return all;
  const double rest = smoothness_of_rest(*run, model, task, cost);
  const double limit = run->room * run->smoothness;
  all.push_back(
      {"no gradient of an example is longer than a known bound: of the squared error, "
       "inside a ball or clipped",
       checked(std::isfinite(run->lipschitz))});
  all.push_back({"all parameters may move", checked(!task.recipe.movable.defined())});
  all.push_back({fmt::format("steps contract on what remains: its smoothness, {:.4g} or less, is "
                             "not above {:.4g}",
                             rest, limit),
                 checked(rest <= limit)});
  all.push_back(
      {"the bounds of the original's inputs may be known: steps and noise show them, and "
       "the comparator takes them too",
       Status::kAssumed});
  all.push_back({"requests do not depend on released models", Status::kAssumed});
  all.push_back(
      {"rounding in the steps, in float64, is far below the sensitivity", Status::kAssumed});
  return all;
}

}  // namespace oubli
