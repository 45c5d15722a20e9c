#include "core/unlearn/linear_solve.h"

#include <ATen/ATen.h>

#include "core/solve/solver.h"

namespace oubli {

LinearSolution solve_near(const LinearHessian& hessian, const Tensor& b,
                          const BlockOperator& inverse, double tolerance) {
  constexpr int kCorrections = 3;
  const double enough = tolerance * b.norm().item<double>();
  LinearSolution solution;
  solution.step = at::zeros_like(b);
  Tensor residual = b;
  const auto vector = [](const Tensor& matrix) { return matrix.t().reshape({-1, 1}); };
  const auto is_enough_with = [&](const Tensor& correction) {
    solution.step += correction.view({b.size(1), b.size(0)}).t();
    solution.image = hessian.image(solution.step);
    residual = b - solution.image.product;
    solution.left = residual.norm().item<double>();
    ++solution.passes;
    return solution.left <= enough;
  };
  for (int correction = 0; correction < kCorrections; ++correction) {
    if (is_enough_with(inverse.apply(vector(residual)))) return solution;
  }
  const auto cg = make_solver("cg", SolverLimits{.tolerance = enough / solution.left});
  const Solution rest = cg->solve({hessian, vector(residual), &inverse});
  solution.passes += rest.report.products;
  is_enough_with(rest.x);
  return solution;
}

}  // namespace oubli
