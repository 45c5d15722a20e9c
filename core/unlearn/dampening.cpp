#include "core/unlearn/dampening.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace oubli {

Dampening Dampening::read(const Settings& settings) {
  Dampening d;
  d.alpha = settings.real("alpha", {.default_value = 10,
                                    .at_least = 0,
                                    .doc = "how many times as important to the forget set a "
                                           "parameter must be to be chosen"});
  d.lambda = settings.real("lambda",
                           {.default_value = 1, .at_least = 0, .doc = "strength of the dampening"});
  d.exponent = settings.real(
      "exponent", {.default_value = 1, .above = 0, .doc = "of the ratio of importances"});
  return d;
}

UnlearnReport dampen(Model& model, const Tensor& all, const Tensor& forget,
                     const Dampening& dampening) {
  const Tensor chosen = forget.gt(dampening.alpha * all);
  const Tensor factor = (dampening.lambda * all / forget).pow(dampening.exponent).clamp_max(1);
  // What is not chosen keeps its bits: no product with 1 is rounded, no 0 / 0 reaches it.
  const Tensor theta = model.theta(), before = theta.clone();
  model.set_theta(at::where(chosen, theta * factor, theta.to(at::kDouble)));
  UnlearnReport report;
  const auto count = chosen.sum().item<std::int64_t>();
  report.details["dampened"] = count;
  if (model.theta().equal(before)) {
    report.message = fmt::format(
        "{} of {} parameters are more than {:g} times as important to the forget set as to all, "
        "and none of them shrinks",
        count, model.dim(), dampening.alpha);
  }
  return report;
}

}  // namespace oubli
