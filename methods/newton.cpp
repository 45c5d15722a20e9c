// Newton steps on the objective over what remains.
//
//   form retain_gradient:   theta' = theta - (C + mu I)^-1 grad J(theta; D_r)
//   form removed_gradient:  theta' = theta + (C + mu I)^-1 (m grad J(theta; D_u)
//                                                          - a grad J(theta; D_a)) / n_r
//
// with C a curvature matrix of J(.; D_r), D_r what remains plus what was added, of size n_r. The
// forms agree where grad J(theta; D) = 0; they differ by the non-stationarity term
// (C + mu I)^-1 (n / n_r) grad J(theta; D), reported in the second form as the norm of that
// gradient over the norm of the right-hand side. The first form is exact on quadratics from any
// start; the second leaves the model alone when nothing is removed. Source: Guo et al. 2020 (arXiv
// 1911.03030), equation 1, for the second; classical for the first. Matrix-free.
//
// Several steps: the first form again, or the second once and the first after it.
//
// Each step is held against its quadratic model of J(.; D_r), and not taken where that is no guide
// (core/unlearn/quadratic_step.h); rho, the decrease over the predicted one, is in the report and
// in the message. `damping_control: levenberg_marquardt` acts on it: a step that is refused or
// raises J against the prediction is taken back and solved again with four times the damping, at
// most six times, and the damping of the next step follows rho (Martens 2010, section 4.1).
//
// Cost: n_r for each gradient (and m in the second form), n_r / 3 for the check of each step, and
// the products of the solve.
#include <ATen/Functions.h>
#include <fmt/format.h>

#include "core/solve/curvature_solve.h"
#include "core/unlearn/edit_gradient.h"
#include "core/unlearn/quadratic_step.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

constexpr int kMaxRetries = 6;
constexpr double kRetryFactor = 4;

class Newton : public Unlearner {
 public:
  explicit Newton(const Settings& settings) : solve_(CurvatureSolveSettings::read(settings)) {
    steps_ = settings.integer("steps", {.default_value = 1, .at_least = 0, .doc = "Newton steps"});
    scale_ = settings.real(
        "scale",
        {.default_value = 1, .above = 0, .at_most = 1, .doc = "share of each step that is taken"});
    removed_ = settings.choice("form", {.default_value = "retain_gradient",
                                        .valid = {"retain_gradient", "removed_gradient"},
                                        .doc = "which gradient the first step is made from"}) ==
               "removed_gradient";
    controlled_ = settings.choice("damping_control",
                                  {.default_value = "fixed",
                                   .valid = {"fixed", "levenberg_marquardt"},
                                   .doc = "whether the damping follows the success of steps"}) ==
                  "levenberg_marquardt";
  }

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.retain.size() * steps_ *
                               (2 * solve_.limits.max_iterations + 1));
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    UnlearnReport report;
    report.details["steps"] = Json::array();
    CurvatureSolveSettings solve = solve_;
    for (std::int64_t i = 0; i < steps_; ++i) {
      const Direction direction = find_direction(model, task, removed_ && i == 0, context);
      const std::string where = fmt::format("step {}", i + 1);
      if (!at::isfinite(direction.b).all().item<bool>()) {
        report.status = UnlearnStatus::kDiverged;
        report.message = fmt::format(
            "the gradient before {} is not finite; raise the damping or lower the scale", where);
        break;
      }
      if (!step(model, task, direction, where, solve, context, report)) break;
    }
    return report;
  }

 private:
  struct Direction {
    Tensor b;
    StepStart start;
    Json details;
  };

  // Solves for one step and takes it. Returns whether to go on.
  bool step(Model& model, const Task& task, const Direction& direction, const std::string& where,
            CurvatureSolveSettings& settings, Context& context, UnlearnReport& report) const {
    for (int retry = 0;; ++retry) {
      const Solution solution =
          solve_curvature(settings, model, task.retain, task.objective(), direction.b, context);
      const double damping = solution.report.damping;
      const Tensor before = model.theta().clone();
      StepOutcome outcome = take_step(model, solution, direction.b, scale_, direction.start, [&] {
        return value_only(model, task.retain, task.objective(), context.cost).objective;
      });
      const bool is_rejected = !outcome.is_taken || outcome.rises;
      if (controlled_ && outcome.is_taken && outcome.rises) {
        model.set_theta(before);
        outcome.is_taken = false;
        outcome.message = fmt::format("taken back: {}", outcome.message);
      }
      Json details = direction.details;
      details["step_norm"] = scale_ * solution.x.norm().item<double>();
      details["solve"] = solution.report.to_json();
      details["reduction_ratio"] = outcome.ratio ? Json(*outcome.ratio) : Json();
      details["taken"] = outcome.is_taken;
      report.details["steps"].push_back(details);
      if (controlled_ && is_rejected && retry < kMaxRetries && !context.should_stop()) {
        settings.damping = std::max(kRetryFactor * damping, 1e-12);
        continue;
      }
      if (controlled_ && outcome.ratio) settings.damping = adapted_damping(damping, *outcome.ratio);
      return note_step(solution.report, outcome, where, report);
    }
  }

  Direction find_direction(const Model& model, const Task& task, bool from_removed,
                           Context& context) const {
    const ObjectiveValue value =
        value_and_gradient(model, task.retain, task.objective(), context.cost);
    const StepStart start{value.objective, value.gradient.neg()};
    Json details;
    details["retain_objective"] = number_or_null(value.objective);
    details["retain_gradient_norm"] = value.gradient.norm().item<double>();
    if (!from_removed) return {start.descent, start, details};
    const double n_r = task.retain.total_weight();
    const Tensor b = edit_gradient(model, task, task.objective(), n_r, context.cost);
    const double size = b.norm().item<double>();
    // n_r grad J(.; D_r) + n_r b = n grad J(.; D)
    const double missing = (value.gradient + b).norm().item<double>();
    details["removed_gradient_norm"] = size;
    details["non_stationarity"] = size > 0 ? Json(missing / size) : Json();
    return {b, start, details};
  }

  CurvatureSolveSettings solve_;
  std::int64_t steps_;
  double scale_;
  bool removed_;
  bool controlled_;
};

}  // namespace

MethodInfo newton_method() {
  return {
      .name = "newton",
      .summary = "Newton steps on the objective over what remains",
      .reference = "Guo et al. 2020, arXiv 1911.03030",
      .definition =
          "theta <- theta - s (C + mu I)^-1 grad J(theta), `steps` times. J is the training "
          "objective, mean loss + l2/2 |theta|^2, over what remains and what is added (n_r "
          "examples), C its curvature, mu the damping, s the scale. form removed_gradient takes "
          "the first step along (C + mu I)^-1 (sum over removed of grad l - sum over added of grad "
          "l + l2 (m - a) theta) / n_r, for m removed and a added. With h = |z'C z| / 2 and q = "
          "-grad J'z - z'C z / 2 for the step z = s x, a step is not taken where the solve's "
          "relative residual is 1 or more, where it met negative curvature that "
          "on_negative_curvature has no answer to, or where J rises by more than 2 max(|q|, h) - "
          "q. levenberg_marquardt takes back a step with which J rises where it was to fall, and "
          "solves again with 4 mu (from 1e-12 on), six times at most; the next step has 2/3 mu "
          "where the decrease is more than 3/4 of q, 3/2 mu where it is less than 1/4.",
      .needs_retain_data = true,
      .needs_forget_data = true,
      .supports_adding = true,
      .takes_sequences = true,
      .version = 3,  // no step is taken that its own model does not bear out
      .make = make_unlearner<Newton>};
}

}  // namespace oubli
