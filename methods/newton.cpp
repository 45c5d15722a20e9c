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
// Each step of the first form is held against its quadratic model: rho, the decrease of J(.; D_r)
// over the predicted one, is in the report. `damping_control: levenberg_marquardt` acts on it: a
// step that raises J is taken back and solved again with four times the damping, at most six times,
// and the damping of the next step follows rho (Martens 2010, section 4.1). The prediction takes
// the residual to be orthogonal to the step, which conjugate gradients make it.
//
// Cost: n_r for each gradient (m in the second form, and n for the non-stationarity term), n_r / 3
// for each objective, and the products of the solve.
#include <fmt/format.h>

#include "core/solve/curvature_solve.h"
#include "core/unlearn/edit_gradient.h"
#include "core/unlearn/unlearner.h"
#include "methods/outcome.h"

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
      const Direction direction = removed_ && i == 0 ? removed_gradient(model, task, context)
                                                     : retain_gradient(model, task, context);
      if (!at::isfinite(direction.b).all().item<bool>()) {
        report.status = UnlearnStatus::kDiverged;
        report.message = fmt::format(
            "the gradient before step {} is not finite; raise the damping or lower the scale",
            i + 1);
        break;
      }
      if (!step(model, task, direction, fmt::format("step {}", i + 1), solve, context, report))
        break;
    }
    return report;
  }

 private:
  struct Direction {
    Tensor b;
    Json details;
    std::optional<double> objective = std::nullopt;  // of D_r, where b is its negative gradient
  };

  // Solves for one step and takes it. Returns whether to go on.
  bool step(Model& model, const Task& task, const Direction& direction, const std::string& where,
            CurvatureSolveSettings& settings, Context& context, UnlearnReport& report) const {
    for (int retry = 0;; ++retry) {
      const Solution solution =
          solve_curvature(settings, model, task.retain, task.objective(), direction.b, context);
      const double damping = solution.report.damping;
      Json details = direction.details;
      details["step_norm"] = scale_ * solution.x.norm().item<double>();
      details["solve"] = solution.report.to_json();
      const Tensor before = model.theta().clone();
      model.add_to_theta(solution.x, scale_);
      const std::optional<double> rho = ratio(model, task, direction, solution, context);
      details["reduction_ratio"] = rho && std::isfinite(*rho) ? Json(*rho) : Json();
      const bool rises = controlled_ && rho && !(*rho > 0);
      const bool again = rises && retry < kMaxRetries && !context.should_stop();
      if (rises) model.set_theta(before);
      details["taken"] = !rises;
      report.details["steps"].push_back(details);
      if (!note_solve(solution.report, where, report)) return false;
      if (again) {
        settings.damping = std::max(kRetryFactor * damping, 1e-12);
        continue;
      }
      if (rises) {
        report.status = UnlearnStatus::kPartial;
        report.message = fmt::format("{}: no damping up to {:.3g} makes the retain objective fall",
                                     where, damping);
        return false;
      }
      if (controlled_ && rho) settings.damping = adapted_damping(damping, *rho);
      return true;
    }
  }

  // Actual over predicted decrease of the retain objective, after the step was taken.
  std::optional<double> ratio(const Model& model, const Task& task, const Direction& direction,
                              const Solution& solution, Context& context) const {
    if (!direction.objective) return std::nullopt;
    const double slope = direction.b.dot(solution.x).item<double>();
    const double curvature =
        slope - solution.report.damping * solution.x.square().sum().item<double>();
    const double predicted = scale_ * slope - 0.5 * scale_ * scale_ * curvature;
    const ObjectiveValue after = value_only(model, task.retain, task.objective(), context.cost);
    return reduction_ratio(*direction.objective - after.objective, predicted);
  }

  Direction retain_gradient(const Model& model, const Task& task, Context& context) const {
    const ObjectiveValue value =
        value_and_gradient(model, task.retain, task.objective(), context.cost);
    Json details;
    details["retain_objective"] = std::isfinite(value.objective) ? Json(value.objective) : Json();
    details["retain_gradient_norm"] = value.gradient.norm().item<double>();
    return {value.gradient.neg(), details, value.objective};
  }

  Direction removed_gradient(const Model& model, const Task& task, Context& context) const {
    const double n_r = task.retain.total_weight();
    const Tensor b = edit_gradient(model, task, task.objective(), n_r, context.cost);
    const ObjectiveValue all =
        value_and_gradient(model, task.train, task.objective(), context.cost);
    const double size = b.norm().item<double>();
    const double missing = all.gradient.norm().item<double>() * task.train.total_weight() / n_r;
    Json details;
    details["removed_gradient_norm"] = size;
    details["non_stationarity"] = size > 0 ? Json(missing / size) : Json();
    return {b, details};
  }

  CurvatureSolveSettings solve_;
  std::int64_t steps_;
  double scale_;
  bool removed_;
  bool controlled_;
};

}  // namespace

MethodInfo newton_method() {
  return {.name = "newton",
          .summary = "Newton steps on the objective over what remains",
          .reference = "Guo et al. 2020, arXiv 1911.03030",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .version = 2,  // damping: auto comes from the spectrum's ends
          .make = make_unlearner<Newton>};
}

}  // namespace oubli
