#include "core/unlearn/dampening.h"

#include <ATen/ATen.h>

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
  const Tensor theta = model.theta();
  model.set_theta(at::where(chosen, theta * factor, theta.to(at::kDouble)));
  UnlearnReport report;
  report.details["dampened"] = chosen.sum().item<std::int64_t>();
  return report;
}

}  // namespace oubli
