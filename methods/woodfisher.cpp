// A step with the inverse of an empirical Fisher matrix, by Woodbury's identity, exactly.
//
//   v = (m/n) (mean over D_u of grad l - mean over D_r of grad l)
//   F = damping I + (1/N) G G',  G [dim, N] the gradients of N examples of D_r
//   theta' = theta + alpha F^-1 v,  F^-1 v = (v - G (damping N I + G'G)^-1 G'v) / damping
//
// What the "influence unlearning" baseline of Jia et al. 2023 (arXiv 2304.04934) and later
// comparisons means to compute; their recursion does not (woodfisher_published). Singh and Alistarh
// 2020 (arXiv 2004.14340) for the matrix. To first order the step raises the forget set's loss and
// lowers the retain set's. The empirical Fisher vanishes where examples are fitted, and is no
// Hessian: newton and influence solve with the curvature itself. Cost: n_r + m + N, and
// what the matrix's products take (core/curvature/gradient_matrix.h).
#include <ATen/ATen.h>

#include "core/curvature/gradient_matrix.h"
#include "core/unlearn/fisher_step.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class WoodFisher : public Unlearner {
 public:
  explicit WoodFisher(const Settings& settings)
      : alpha_(settings.real("alpha", {.default_value = 0.1, .doc = "length of the step"})),
        damping_(settings.real("damping",
                               {.default_value = 1e-3, .above = 0, .doc = "added to the matrix"})),
        examples_(settings.integer("examples", {.default_value = 1000,
                                                .at_least = 1,
                                                .doc = "N: of what remains, drawn, that the "
                                                       "matrix is made of"})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    const std::int64_t n = task.retain.size();
    return static_cast<double>(n + task.forget.size() + std::min(examples_, n));
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    UnlearnReport report;
    if (task.forget.empty()) return report;
    const Tensor v = forget_against_retain(model, task, context.cost);
    const Subset drawn = fisher_examples(task, examples_, context);
    const GradientMatrix gradients(model, drawn, task.objective(), context.cost);
    const Tensor inner = gradients.gram();
    inner.diagonal().add_(damping_ * static_cast<double>(drawn.size()));
    const Tensor weights =
        at::cholesky_solve(gradients.times(v).unsqueeze(1), at::linalg_cholesky(inner));
    const Tensor step = (v - gradients.transposed_times(weights.squeeze(1))) / damping_;
    model.add_to_theta(step, alpha_);
    report.details["step_norm"] = alpha_ * step.norm().item<double>();
    report.details["examples"] = drawn.size();
    return report;
  }

 private:
  double alpha_, damping_;
  std::int64_t examples_;
};

}  // namespace

MethodInfo woodfisher_method() {
  return {.name = "woodfisher",
          .summary = "one step with the exact inverse of a damped empirical Fisher matrix",
          .reference =
              "Jia et al. 2023, arXiv 2304.04934; Singh and Alistarh 2020, arXiv "
              "2004.14340",
          .definition =
              "theta' = theta + alpha F^-1 v, v = (m/n)(mean gradient of the forget set - mean "
              "gradient of what remains), F = damping I + the mean of g g' over `examples` drawn "
              "of what remains; l2 in none of them.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = false,
          .version = 2,
          .make = make_unlearner<WoodFisher>};
}

}  // namespace oubli
