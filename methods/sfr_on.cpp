// SFR-on: descent on what remains, with now and then a weighted step of ascent on the forget set.
//
//   every step            descent on mean l over a batch of D_r
//   every `every`-th      before it, ascent on c(t) (1/b) sum_i w_i l_i over a batch of D_u,
//                         w_i = l_i^-lambda / mean_j l_j^-lambda, not differentiated,
//                         on parameters with F_u >= threshold F_r alone, the gradient cut to `clip`
//   c(t) = coefficient (1 + cos(pi t / T)) / 2
//   F    mean over the set's examples of the squared gradient of l, at theta, evaluation mode
//
// so that what is still known well is pushed most, the ascent fades, and the descent that follows
// each ascent brings back the rest. Source: Huang et al. 2024 (arXiv 2409.19732); coefficient,
// lambda, threshold and clip of their CIFAR-10 runs, whose 1500 steps are 8 epochs there. Their
// code squares gradients of batches, which depends on the batch size: `importance:
// batch_mean_squared`. Its moving average of parameters has weight 1 in the released settings and
// does nothing: it is left out. Cost: n for F, and (1 + 1 / every) n_r times the epochs.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/curvature/fisher_diagonal.h"
#include "core/train/descent_settings.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class SfrOn : public Unlearner {
 public:
  explicit SfrOn(const Settings& settings)
      : every_(settings.integer(
            "every", {.default_value = 5, .at_least = 1, .doc = "steps between two of ascent"})),
        coefficient_(settings.real(
            "coefficient",
            {.default_value = 25, .at_least = 0, .doc = "of the first ascent; it fades to 0"})),
        lambda_(settings.real(
            "lambda", {.default_value = 0.5, .at_least = 0, .doc = "power of the weights"})),
        threshold_(settings.real(
            "threshold",
            {.default_value = 1, .at_least = 0, .doc = "on F_u / F_r for a parameter to ascend"})),
        clip_(settings.real("clip",
                            {.default_value = 7, .above = 0, .doc = "largest norm of an ascent"})),
        batch_mean_(settings.choice("importance", {.default_value = "per_example",
                                                   .valid = {"per_example", "batch_mean_squared"},
                                                   .doc = "what is squared for F"}) ==
                    "batch_mean_squared"),
        steps_(DescentSettings::read(settings,
                                     {.epochs = 8, .lr = 0.01, .schedule = {.name = "cosine"}})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    const double n_r = static_cast<double>(task.retain.size());
    const double share = 1 + 1 / static_cast<double>(every_);
    return n_r + static_cast<double>(task.forget.size()) +
           (share * n_r + 128) * static_cast<double>(steps_.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const TrainingRecipe recipe = steps_.recipe(task.recipe);
    const Tensor mask = ascending(model, task, recipe, context);
    Descent descent(model, recipe, context);
    BatchStream retain = descent.batches(task.retain), forget = descent.batches(task.forget);
    const std::int64_t all = retain.batches() * recipe.epochs;
    const auto steps = static_cast<double>(all);
    // Of the schedule, which counts both kinds.
    const std::int64_t both = task.forget.empty() ? all : all + (all + every_ - 1) / every_;
    descent.steps_per_epoch((both + recipe.epochs - 1) / std::max<std::int64_t>(1, recipe.epochs));
    std::int64_t t = 0;
    while (descent.next_epoch()) {
      for (const Batch& r : retain) {
        if (t % every_ == 0 && !task.forget.empty()) {
          const double fading =
              (1 + std::cos(std::numbers::pi * static_cast<double>(t) / steps)) / 2;
          const Batch& u = forget.next();
          Tensor& ascent = descent.gradient(-coefficient_ * fading *
                                            descent.loss(u, weighted(task.objective(), u)));
          ascent.mul_(mask);
          const double norm = ascent.norm().item<double>();
          if (norm > clip_) ascent.mul_(clip_ / norm);
          descent.step_along(ascent);
        }
        descent.step(descent.loss(r));
        ++t;
      }
    }
    UnlearnReport report = report_of(descent.report());
    report.details["ascending"] = mask.sum().item<std::int64_t>();
    return report;
  }

 private:
  // w_i l_i of each example.
  OutputLoss weighted(const Objective& objective, const Batch& batch) const {
    return [&objective, targets = batch.targets, lambda = lambda_](const Tensor& outputs) {
      constexpr double kTiny = 1e-15;  // keeps the weight of a loss of 0 finite, as released
      const Tensor losses = objective.losses(outputs, targets);
      const Tensor weights = 1 / (losses.detach().pow(lambda) + kTiny);
      return weights / weights.mean() * losses;
    };
  }

  // bool [dim]
  Tensor ascending(const Model& model, const Task& task, const TrainingRecipe& recipe,
                   Context& context) const {
    if (task.forget.empty()) return at::zeros({model.dim()}, at::kBool);
    const auto importance = [&](const Subset& subset) {
      const Objective& objective = task.objective();
      if (batch_mean_) {
        return batch_mean_squared(model, subset, objective, context.cost, recipe.batch_size);
      }
      return fisher_diagonal(FisherTargets::kEmpirical, model, subset, objective, context.cost)
          .values;
    };
    return importance(task.forget).ge(threshold_ * importance(task.retain));
  }

  std::int64_t every_;
  double coefficient_, lambda_, threshold_, clip_;
  bool batch_mean_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo sfr_on_method() {
  return {.name = "sfr_on",
          .summary = "descends on what remains, with fading weighted steps of ascent in between",
          .reference = "Huang et al. 2024, arXiv 2409.19732",
          .definition =
              "Steps on the mean loss of batches of what remains, l2 included. Before every "
              "`every`-th of the T of them one along minus the gradient of coefficient (1 + cos(pi "
              "t / T)) / 2 times the mean of w_i l_i over a batch of the forget set, w_i "
              "proportional to l_i^-lambda and 1 in the mean, for the parameters with F_u >= "
              "threshold F_r and cut to norm `clip`, then l2; F the mean squared derivative of an "
              "example's loss over the forget set and over what remains.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .make = make_unlearner<SfrOn>};
}

}  // namespace oubli
