// The recursion that published comparisons call WoodFisher or "influence unlearning" (IU), as
// coded.
//
//   k = v, o = g_1;  for each g = g_2, g_3, ...:
//     s = o'g;  k <- k - (k'g / (N + s)) o;  o <- o - (s / (N + s)) o
//   theta' = theta + alpha k,  v as in woodfisher
//
// for N examples of what remains, one at a time. o stays a multiple of the first gradient, so k
// differs from v along g_1 alone: no inverse of anything, which woodfisher computes. Here to
// compare with published numbers. Source: the released code of Jia et al. 2023 (arXiv 2304.04934),
// SalUn and others; its alpha of 0.2 is tuned for each task. Cost: n_r + m + N.
#include <ATen/ATen.h>

#include <cmath>

#include "core/curvature/gradient_matrix.h"
#include "core/unlearn/fisher_step.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class PublishedWoodFisher : public Unlearner {
 public:
  explicit PublishedWoodFisher(const Settings& settings)
      : alpha_(settings.real("alpha", {.default_value = 0.2, .doc = "length of the step"})),
        examples_(settings.integer(
            "examples",
            {.default_value = 1000, .at_least = 1, .doc = "N: of what remains, drawn"})) {}

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
    const Tensor first = gradients.transposed_times(
        at::one_hot(at::zeros({}, at::kLong), gradients.rows()).to(at::kDouble));
    // With o = o_1 g_1 and k = v + k_1 g_1 the recursion is one of two numbers.
    const Tensor with_v = gradients.times(v), with_first = gradients.times(first);
    const auto* dot_v = with_v.const_data_ptr<double>();
    const auto* dot_first = with_first.const_data_ptr<double>();
    const auto count = static_cast<double>(drawn.size());
    double o_1 = 1, k_1 = 0;
    for (std::int64_t i = 1; i < drawn.size(); ++i) {
      const double s = o_1 * dot_first[i];
      k_1 -= (dot_v[i] + k_1 * dot_first[i]) / (count + s) * o_1;
      o_1 -= s / (count + s) * o_1;
    }
    const Tensor k = v + k_1 * first;
    model.add_to_theta(k, alpha_);
    report.details["step_norm"] = std::abs(alpha_) * k.norm().item<double>();
    return report;
  }

 private:
  double alpha_;
  std::int64_t examples_;
};

}  // namespace

MethodInfo woodfisher_published_method() {
  return {.name = "woodfisher_published",
          .summary = "the step that released code takes for woodfisher's, which it is not",
          .reference = "Jia et al. 2023, arXiv 2304.04934 (released code)",
          .definition =
              "theta' = theta + alpha k with k = v, o = g_1 and, for each further gradient g of "
              "`examples` drawn of what remains, s = o'g, k <- k - (k'g / (N + s)) o, o <- o - (s "
              "/ (N + s)) o; v as in woodfisher.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = false,
          .version = 2,
          .make = make_unlearner<PublishedWoodFisher>};
}

}  // namespace oubli
