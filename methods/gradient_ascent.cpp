// Gradient ascent on the forget set (NegGrad).
//
//   theta <- theta + lr * (1/m) sum_{D_u} dl/dtheta,  full batch
//
// Source: Golatkar et al. 2020 (arXiv 1911.04933); Graves et al. 2021 (arXiv 2010.10981). The loss
// has no upper bound, so ascent is stopped once the mean forget loss reaches `bound`, by default
// that of a predictor that knows nothing: log C for cross-entropy over C classes, half the variance
// of the forget targets for the squared error, which one example, or equal targets, do not have:
// Error(kTask). The bound is tested before every step; a forget set that is above it from the start
// changes nothing. The regulariser is left out of the ascent. Cost: m for each step, and m for the
// closing loss.
#include <fmt/format.h>

#include <cmath>

#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

double loss_of_ignorance(const Subset& forget, const Objective& objective) {
  if (objective.loss != LossKind::kSquaredError) {
    return std::log(static_cast<double>(forget.dataset->outputs));
  }
  const Tensor targets = forget.dataset->targets.index_select(0, forget.rows).to(at::kDouble);
  const double bound =
      0.5 * targets.var(at::IntArrayRef{0}, /*unbiased=*/false).sum().item<double>();
  if (!(bound > 0)) {
    throw Error(
        ErrorKind::kTask,
        fmt::format("gradient_ascent: bound: auto is half the variance of the forget targets, "
                    "and {} target{} 0; give bound a number",
                    forget.size(), forget.size() == 1 ? " has" : "s that are equal have"));
  }
  return bound;
}

class GradientAscent : public Unlearner {
 public:
  explicit GradientAscent(const Settings& settings) {
    steps_ =
        settings.integer("steps", {.default_value = 15, .at_least = 0, .doc = "steps at most"});
    lr_ = settings.real("lr", {.default_value = 0.02, .above = 0, .doc = "learning rate"});
    bound_ = settings.real_or("bound", "auto",
                              {.at_least = 0,
                               .doc = "mean forget loss at which ascent stops; auto: that of a "
                                      "predictor that knows nothing"});
  }

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.forget.size() * (steps_ + 1));
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    if (task.forget.empty()) return {};
    const Objective loss{task.objective().loss, 0};
    const double bound = bound_ ? *bound_ : loss_of_ignorance(task.forget, loss);
    UnlearnReport report;
    std::vector<double> losses;
    std::int64_t taken = 0;
    while (true) {
      const ObjectiveValue value = value_and_gradient(model, task.forget, loss, context.cost);
      losses.push_back(value.loss);
      if (!value.finite()) {
        report.status = UnlearnStatus::kDiverged;
        report.message =
            fmt::format("the forget loss is not finite after {} steps; lower lr", taken);
        break;
      }
      if (value.loss >= bound) {
        report.message =
            fmt::format("the forget loss {:.4g} reached the bound {:.4g} after {} steps",
                        value.loss, bound, taken);
        if (taken > 0) report.warnings.push_back(report.message);
        break;
      }
      if (taken == steps_) break;
      if (context.should_stop()) {
        report.status = UnlearnStatus::kStopped;
        report.message = fmt::format("stopped after {} of {} steps", taken, steps_);
        break;
      }
      model.add_to_theta(value.gradient, lr_);
      ++taken;
    }
    report.details = {{"steps", taken}, {"bound", bound}};
    if (report.usable()) report.details["forget_losses"] = losses;
    return report;
  }

 private:
  std::int64_t steps_;
  double lr_;
  std::optional<double> bound_;
};

}  // namespace

MethodInfo gradient_ascent_method() {
  return {
      .name = "gradient_ascent",
      .summary = "climbs the loss of the forget set, up to a bound",
      .reference = "Golatkar et al. 2020, arXiv 1911.04933; Graves et al. 2021, arXiv 2010.10981",
      .definition =
          "theta <- theta + lr * mean over the forget set of grad l, `steps` times, without l2; "
          "before each step it stops where the mean forget loss is at `bound` or above. auto: "
          "ln C for C classes, else half the mean squared deviation of the forget targets from "
          "their mean, summed over outputs.",
      .needs_retain_data = false,
      .needs_forget_data = true,
      .supports_adding = false,
      .takes_sequences = true,
      .make = make_unlearner<GradientAscent>};
}

}  // namespace oubli
