// The one-step influence-function estimate of Koh and Liang.
//
//   theta' = theta + (1/n) (C + mu I)^-1 (sum_{D_u} dl/dtheta - sum_{D_a} dl/dtheta)
//
// with C a curvature matrix of J(.; D), the objective over the whole training set
// of size n, at theta. Source: Koh and Liang 2017 (arXiv 1703.04730), section 2. It is the first
// order of retraining under a regulariser whose total strength does not change with the set's size;
// for ridge regression and one point of leverage h it is the exact step times (1 - h). Away from a
// minimum, and with damping, it answers the proximal Bregman question of Bae et al. 2022 (arXiv
// 2209.05364) instead.
//
// The step is held against its quadratic model of what it is to lower,
//
//   F(theta) = (n_r / n) L(theta; D_r) + (lambda / 2) |theta|^2,   L the mean loss,
//
// and not taken where that is no guide (core/unlearn/quadratic_step.h). Cost: m for the gradient,
// the products of the solve, and 4/3 n_r for the check.
#include "core/solve/curvature_solve.h"
#include "core/unlearn/edit_gradient.h"
#include "core/unlearn/quadratic_step.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Influence : public Unlearner {
 public:
  explicit Influence(const Settings& settings) : solve_(CurvatureSolveSettings::read(settings)) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.train.size() * (2 * solve_.limits.max_iterations + 1));
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const Objective loss{task.objective().loss, 0};
    const double n = task.train.total_weight();
    const Tensor b = edit_gradient(model, task, loss, n, context.cost);
    const Solution solution =
        solve_curvature(solve_, model, task.train, task.objective(), b, context);
    // F is the objective over D_r with another regulariser, times n_r / n.
    const double share = task.retain.total_weight() / n;
    const Objective rest{loss.loss, task.objective().l2 / share};
    const ObjectiveValue before = value_and_gradient(model, task.retain, rest, context.cost);
    const StepStart start{share * before.objective, -share * before.gradient};
    const StepOutcome outcome = take_step(model, solution, b, /*scale=*/1, start, [&] {
      return share * value_only(model, task.retain, rest, context.cost).objective;
    });
    UnlearnReport report;
    report.details = {{"gradient_norm", b.norm().item<double>()},
                      {"step_norm", solution.x.norm().item<double>()},
                      {"reduction_ratio", outcome.ratio ? Json(*outcome.ratio) : Json()},
                      {"taken", outcome.is_taken},
                      {"solve", solution.report.to_json()}};
    note_step(solution.report, outcome, "the step", report);
    return report;
  }

 private:
  CurvatureSolveSettings solve_;
};

}  // namespace

MethodInfo influence_method() {
  return {.name = "influence",
          .summary = "one influence-function step with the curvature of the whole training set",
          .reference = "Koh and Liang 2017, arXiv 1703.04730",
          .definition =
              "theta' = theta + x, x = (C + mu I)^-1 (sum over removed of grad l - sum over added "
              "of grad l) / n, with C the curvature at theta of the training objective over all n "
              "examples that the original was trained on, l2 included; the gradients are without "
              "l2. With F = (n_r/n) (mean loss over what remains and what is added, n_r) + l2/2 "
              "|theta|^2, h = |x'C x| / 2 and q = -grad F'x - x'C x / 2, the step is not taken "
              "where the solve's relative residual is 1 or more, where it met negative curvature "
              "that on_negative_curvature has no answer to, or where F rises by more than 2 "
              "max(|q|, h) - q.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .takes_sequences = true,
          .version = 3,  // no step is taken that its own model does not bear out
          .make = make_unlearner<Influence>};
}

}  // namespace oubli
