// The one-step influence-function estimate of Koh and Liang.
//
//   theta' = theta + (1/n) (C + mu I)^-1 (sum_{D_u} dl/dtheta - sum_{D_a} dl/dtheta)
//
// with C a curvature matrix of J(.; D), the objective over the whole training set
// of size n, at theta. Source: Koh and Liang 2017 (arXiv 1703.04730), section 2. It is the first
// order of retraining under a regulariser whose total strength does not change with the set's size;
// for ridge regression and one point of leverage h it is the exact step times (1 - h). Away from a
// minimum, and with damping, it answers the proximal Bregman question of Bae et al. 2022 (arXiv
// 2209.05364) instead. Cost: m for the gradient, and the products of the solve.
#include "core/solve/curvature_solve.h"
#include "core/unlearn/edit_gradient.h"
#include "core/unlearn/unlearner.h"
#include "methods/outcome.h"

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
    const Tensor b = edit_gradient(model, task, loss, task.train.total_weight(), context.cost);
    const Solution solution =
        solve_curvature(solve_, model, task.train, task.objective(), b, context);
    model.add_to_theta(solution.x);
    UnlearnReport report;
    report.details = {{"gradient_norm", b.norm().item<double>()},
                      {"step_norm", solution.x.norm().item<double>()},
                      {"solve", solution.report.to_json()}};
    note_solve(solution.report, "the solve", report);
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
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .version = 2,  // damping: auto comes from the spectrum's ends
          .make = make_unlearner<Influence>};
}

}  // namespace oubli
