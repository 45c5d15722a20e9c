// The influence function of every training example on every test, by one solve with as many
// right-hand sides as there are tests.
//
//   effect[i, t] = (1/n) grad l_i . (C + mu I)^-1 grad l_t
//
// with C the curvature of the objective over the training set at the model, by any matrix, solver
// and preconditioner that `newton` takes: conjugate gradients, LiSSA, Lanczos, a dense solve, K-FAC
// and EK-FAC as matrices, or before conjugate gradients on the Gauss-Newton matrix. Source: Koh and
// Liang 2017 (arXiv 1703.04730), equation 2; Grosse et al. 2023 (arXiv 2308.03296) with EK-FAC.
//
// The damping is part of the answer where training stopped early: what the smallest curvatures had
// no time to do, mu takes out. At a minimum it is an error to be kept small.
//
// A solve that ends above its tolerance is used and its status said, as approximate inverses are
// meant to be; one that is refused or not finite gives no effects. Cost: 2 n for each product of
// the solve, n + 2/3 n tests for the products with all gradients, and tests.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/attribution/attributor.h"
#include "core/base/machine_limits.h"
#include "core/curvature/example_gradients.h"
#include "core/curvature/gradient_products.h"
#include "core/solve/curvature_solve.h"

namespace oubli {
namespace {

// grad l_t of every test: float64 [dim, tests].
Tensor gradients_of_each(const Model& model, const Subset& tests, const Objective& loss,
                         CostMeter& cost) {
  Tensor all = at::empty({model.dim(), tests.size()}, at::kDouble);
  visit_example_gradients(model, tests, loss, cost, [&](const ExampleGradients& some) {
    all.narrow(1, some.begin, some.batch.size()).copy_(some.gradients.t());
  });
  return all;
}

class InfluenceFunction : public Attributor {
 public:
  explicit InfluenceFunction(const Settings& settings)
      : solve_(CurvatureSolveSettings::read(settings)) {}

  double estimate_cost(const AttributionTask& task) const override {
    const auto n = static_cast<double>(task.train.size());
    const auto tests = static_cast<double>(task.tests.size());
    const auto products =
        static_cast<double>(std::min<std::int64_t>(solve_.limits.max_iterations, kUsualProducts));
    return 2 * n * products * tests + n * tests;
  }

  Attribution attribute(const Model& model, const AttributionTask& task,
                        Context& context) const override {
    const std::string shortage = memory_shortage(
        4 * 8.0 * static_cast<double>(model.dim()) * static_cast<double>(task.tests.size()),
        fmt::format("a solve for {} tests in {} parameters", task.tests.size(), model.dim()));
    if (!shortage.empty()) throw Error(ErrorKind::kUsage, shortage + " Ask about fewer tests.");
    const Tensor b = gradients_of_each(model, task.tests, task.loss(), context.cost);
    const Solution solution =
        solve_curvature(solve_, model, task.train, task.objective(), b, context);
    Attribution found;
    found.details["solve"] = solution.report.to_json();
    found.refusal = solution.report.refusal;
    if (found.refusal.empty() && !solution.x.isfinite().all().item<bool>()) {
      found.refusal = fmt::format("the solve gave no numbers: {}", solution.report.message);
    }
    if (!found.refusal.empty()) return found;
    if (solution.report.status != SolveStatus::kConverged) {
      found.warning = fmt::format("the solve is approximate: {}", solution.report.message);
    }
    found.effect = gradient_products(model, task.train, task.loss(), solution.x, context.cost) /
                   task.train.total_weight();
    return found;
  }

 private:
  // Of a solve for an estimate of cost: conjugate gradients seldom need more.
  static constexpr std::int64_t kUsualProducts = 50;
  CurvatureSolveSettings solve_;
};

}  // namespace

AttributorInfo influence_function_attributor() {
  return {.name = "influence_function",
          .summary = "the influence of every training example on every test, by one solve",
          .reference =
              "Koh and Liang 2017, arXiv 1703.04730, equation 2; Grosse et al. 2023, "
              "arXiv 2308.03296",
          .definition =
              "effect = (1/n) grad l_i . (C + mu I)^-1 grad l_t, C the curvature of the "
              "mean loss over the training set, with l2, at the end of training",
          .make = make_attributor<InfluenceFunction>};
}

}  // namespace oubli
