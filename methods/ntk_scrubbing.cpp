// NTK scrubbing: the step between what the linearised network would learn with and without D_u.
//
//   w_S  = argmin_w (1 / |S|) sum_S [ e_i' J_i w + |J_i w|^2 / 2 ] + (wd / 2) |w|^2
//        = -(M_S + wd I)^-1 g_S,   M_S = (1 / |S|) sum_S J_i' J_i,   g_S = (1 / |S|) sum_S J_i' e_i
//   theta' = theta + scale (w_{D_r} - w_D),   J_i = df(x_i) / dtheta,  e_i = dl / df, at theta
//
// e is the softmax minus one-hot for cross-entropy, whose Hessian in the outputs is taken as the
// identity: squared-error learning of the residuals. Source: Golatkar et al. 2020 (arXiv
// 2003.02960), who solve in the space of outputs, a matrix of |S| C rows; here the same system in
// the space of parameters is solved without a matrix, so that |S| has no limit. Their scale, made
// from the triangle of the start of training, theta and w ("trapezium"), needs the parameters that
// training started from, which are not at hand: `scale` is a number. Their optional noise behind it
// is fisher_forgetting's. With wd 0 the system is singular. Evaluation mode. Cost: n + n_r for the
// gradients, and the products of two solves.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/solve/curvature_solve.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class NtkScrubbing : public Unlearner {
 public:
  explicit NtkScrubbing(const Settings& settings)
      : scale_(settings.real("scale", {.default_value = 1, .doc = "of the step"})),
        decay_(settings.real_or("weight_decay", "training",
                                {.above = 0, .doc = "wd; training: its l2"})),
        limits_(SolverLimits::read(settings)) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    const auto examples = static_cast<double>(task.train.size() + task.retain.size());
    return examples * (1 + 2 * static_cast<double>(limits_.max_iterations));
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const double decay = decay_.value_or(task.objective().l2);
    if (!(decay > 0)) {
      throw Error(ErrorKind::kTask,
                  "ntk_scrubbing: the training has no l2, and without a weight decay the system is "
                  "singular: set weight_decay");
    }
    if (task.forget.empty()) return {};
    const Solution with = learnt(model, task.train, task.objective(), decay, context);
    const Solution without = learnt(model, task.retain, task.objective(), decay, context);
    UnlearnReport report;
    report.details["with"] = with.report.to_json();
    report.details["without"] = without.report.to_json();
    for (const SolveReport& solve : {with.report, without.report}) {
      if (solve.status == SolveStatus::kConverged) continue;
      report.status =
          solve.status == SolveStatus::kStopped ? UnlearnStatus::kStopped : UnlearnStatus::kPartial;
      report.message = solve.message;
      if (!solve.refusal.empty() || !(solve.relative_residual < 1)) {
        report.message = fmt::format("the step was not taken: {}",
                                     solve.refusal.empty() ? solve.message : solve.refusal);
        return report;
      }
    }
    const Tensor step = without.x - with.x;
    model.add_to_theta(step, scale_);
    report.details["step_norm"] = scale_ * step.norm().item<double>();
    return report;
  }

 private:
  // w_S
  Solution learnt(const Model& model, const Subset& subset, const Objective& objective,
                  double decay, Context& context) const {
    const Objective loss{objective.loss, 0};
    const Tensor g = value_and_gradient(model, subset, loss, context.cost).gradient;
    CurvatureSolveSettings solve;
    solve.curvature.kind = CurvatureKind::kGgn;
    solve.damping = 0;
    solve.limits = limits_;
    const Objective squared{LossKind::kSquaredError, decay};
    return solve_curvature(solve, model, as_regression(subset, objective), squared, -g, context);
  }

  // The same inputs for a squared error, whose curvature no target enters.
  static Subset as_regression(const Subset& subset, const Objective& objective) {
    Dataset data = *subset.dataset;
    const std::int64_t outputs = objective.outputs_for(data);
    data.targets = data.true_targets = at::zeros({data.size(), outputs}, at::kDouble);
    data.outputs = outputs;
    return {std::make_shared<const Dataset>(std::move(data)), subset.rows, subset.weights};
  }

  double scale_;
  std::optional<double> decay_;
  SolverLimits limits_;
};

}  // namespace

MethodInfo ntk_scrubbing_method() {
  return {.name = "ntk_scrubbing",
          .summary = "the step between what the linearised network learns with and without D_u",
          .reference = "Golatkar et al. 2020, arXiv 2003.02960",
          .definition =
              "theta + scale (w(what remains) - w(all)), w(S) = -(M + wd I)^-1 g, M the mean over "
              "S of J'J, J the derivative of an example's outputs in theta, g the gradient of the "
              "mean loss over S without l2; wd training's l2, or weight_decay.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .make = make_unlearner<NtkScrubbing>};
}

}  // namespace oubli
