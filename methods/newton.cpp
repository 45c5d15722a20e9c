// Newton steps on the objective over what remains.
//
//   form retain_gradient:   theta' = theta - (C + mu I)^-1 grad J(theta; D_r)
//   form removed_gradient:  theta' = theta + (C + mu I)^-1 (m grad J(theta; D_u) - a grad J(theta;
//   D_a)) / n_r
//
// with C the Hessian or Gauss-Newton matrix of J(.; D_r), D_r what remains plus what was added,
// of size n_r. The forms agree where grad J(theta; D) = 0; they differ by the non-stationarity term
// (C + mu I)^-1 (n / n_r) grad J(theta; D), reported in the second form as the norm of that
// gradient over the norm of the right-hand side. The first form is exact on quadratics from any
// start; the second leaves the model alone when nothing is removed. Source: Guo et al. 2020 (arXiv
// 1911.03030), equation 1, for the second; classical for the first. Matrix-free, by conjugate
// gradients.
//
// Several steps: the first form again, or the second once and the first after it.
// Cost: n_r for each gradient (m in the second form, and n for the non-stationarity term), and
// 2 n_r for each product of the solve.
#include <fmt/format.h>

#include "core/solve/damped_solve.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Newton : public Unlearner {
 public:
  explicit Newton(const Settings& settings) : solve_(CurvatureSolveSettings::read(settings)) {
    steps_ = settings.integer("steps", {.standard = 1, .at_least = 0, .doc = "Newton steps"});
    scale_ = settings.real(
        "scale",
        {.standard = 1, .above = 0, .at_most = 1, .doc = "share of each step that is taken"});
    removed_ = settings.choice("form", {.standard = "retain_gradient",
                                        .valid = {"retain_gradient", "removed_gradient"},
                                        .doc = "which gradient the first step is made from"}) ==
               "removed_gradient";
  }

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.retain.size() * steps_ * (2 * solve_.cg.max_iterations + 1));
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    UnlearnReport report;
    Json steps = Json::array();
    for (std::int64_t i = 0; i < steps_; ++i) {
      Json step;
      const Tensor b = removed_ && i == 0 ? removed_gradient(model, task, context, step)
                                          : retain_gradient(model, task, context, step);
      if (!at::isfinite(b).all().item<bool>()) {
        report.status = UnlearnStatus::kDiverged;
        report.message = fmt::format(
            "the gradient before step {} is not finite; raise the damping "
            "or lower the scale",
            i + 1);
        break;
      }
      const Solution solution =
          solve_curvature(solve_, model, task.retain, task.objective(), b, context);
      model.add_to_theta(solution.x, scale_);
      step["step_norm"] = scale_ * solution.x.norm().item<double>();
      step["solve"] = solution.report.to_json();
      steps.push_back(step);
      if (solution.report.status == SolveStatus::kStopped) {
        report.status = UnlearnStatus::kStopped;
        report.message = "stopped inside a solve";
        break;
      }
      if (solution.report.status != SolveStatus::kConverged) {
        report.status = UnlearnStatus::kPartial;
        report.message = fmt::format("step {}: {}: {}", i + 1, to_string(solution.report.status),
                                     solution.report.message);
      }
    }
    report.details["steps"] = std::move(steps);
    return report;
  }

 private:
  Tensor retain_gradient(const Model& model, const Task& task, Context& context, Json& step) const {
    const Value value = value_and_gradient(model, task.retain, task.objective(), context.cost);
    step["retain_objective"] = std::isfinite(value.objective) ? Json(value.objective) : Json();
    step["retain_gradient_norm"] = value.gradient.norm().item<double>();
    return value.gradient.neg();
  }

  // Subsets may carry weights, so sizes are sums of weights.
  Tensor removed_gradient(const Model& model, const Task& task, Context& context,
                          Json& step) const {
    const double n_r = task.retain.total_weight();
    Tensor b = at::zeros({model.dim()}, at::kDouble);
    const auto add = [&](const Subset& subset, double sign) {
      if (subset.empty()) return;
      const Value value = value_and_gradient(model, subset, task.objective(), context.cost);
      b.add_(value.gradient, sign * subset.total_weight() / n_r);
    };
    add(task.forget, 1);
    add(task.added, -1);
    const Value all = value_and_gradient(model, task.train, task.objective(), context.cost);
    const double size = b.norm().item<double>();
    const double missing = all.gradient.norm().item<double>() * task.train.total_weight() / n_r;
    step["removed_gradient_norm"] = size;
    step["non_stationarity"] = size > 0 ? Json(missing / size) : Json();
    return b;
  }

  CurvatureSolveSettings solve_;
  std::int64_t steps_;
  double scale_;
  bool removed_;
};

}  // namespace

MethodInfo newton_method() {
  return {.name = "newton",
          .summary = "Newton steps on the objective over what remains",
          .reference = "Guo et al. 2020, arXiv 1911.03030",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .make = make_unlearner<Newton>};
}

}  // namespace oubli
