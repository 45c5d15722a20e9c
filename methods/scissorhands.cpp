// Scissorhands: the connections that the forget set uses most are drawn anew, then repaired.
//
//   s = |g theta|,  g the gradient of the mean loss of one batch of D_u at theta
//   theta_M <- drawn anew,  M the `share` of all parameters with the largest s, normalisations out
//   steps on  mean l over a batch of D_r - lambda mean l over one of D_u,  whose gradient d is
//   turned away from undoing the forgetting: with a = -grad (mean l over D_u), evaluation mode, at
//   the epoch's start, where a'd < 0
//
//     d <- d + max(margin, -a'd / (|a|^2 + 1e-3)) a
//
// The last line is the dual of gradient episodic memory (Lopez-Paz and Ranzato 2017) for one
// remembered gradient, in closed form: with margin 0 it makes d orthogonal to a. An epoch is a pass
// over D_r; once D_u's batches are over the steps are those of D_r alone. Source: Wu and Harandi
// 2024 (arXiv 2401.06187) and their code for CIFAR-10, which draws in the last two stages and the
// head of a residual network only: `layers` says how many of the last; and remembers a few batches
// in place of all of D_u. Cost: m for s and each epoch, and (n_r + min(m, n_r)) times the epochs.
#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "core/data/drawing.h"
#include "core/nn/parameter_groups.h"
#include "core/train/descent_settings.h"
#include "core/unlearn/saliency.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Scissorhands : public Unlearner {
 public:
  explicit Scissorhands(const Settings& settings)
      : share_(settings.real("share", {.default_value = 0.03,
                                       .at_least = 0,
                                       .at_most = 1,
                                       .doc = "of all parameters that are drawn anew"})),
        lambda_(settings.real(
            "lambda",
            {.default_value = 0.05, .at_least = 0, .doc = "weight of the forget set's loss"})),
        margin_(settings.real(
            "margin",
            {.default_value = 0.5, .at_least = 0, .doc = "least share of a that is added"})),
        layers_(settings.integer("layers", {.default_value = 0,
                                            .at_least = 0,
                                            .doc = "last ones where parameters are drawn; 0: "
                                                   "all"})),
        steps_(DescentSettings::read(settings, {.epochs = 10, .lr = 5e-3})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    const std::int64_t n = task.retain.size(), m = task.forget.size();
    return static_cast<double>(m + (n + m + std::min(n, m)) * steps_.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const TrainingRecipe recipe = steps_.recipe(task.recipe);
    const Tensor drawn = most_used(model, task, recipe.batch_size, context);
    Generator initialisation = context.generator.stream("initialisation");
    if (drawn.any().item<bool>()) model.initialise(initialisation, drawn);
    const Objective loss{task.objective().loss, 0};
    Descent descent(model, recipe, context);
    BatchStream retain = descent.batches(task.retain), forget = descent.batches(task.forget);
    std::int64_t turned = 0;
    while (descent.next_epoch()) {
      Tensor remembered;
      if (!task.forget.empty()) {
        remembered = value_and_gradient(model, task.forget, loss, context.cost)
                         .gradient.neg()
                         .to(model.dtype());
      }
      std::int64_t left = forget.batches();
      for (const Batch& r : retain) {
        if (left-- <= 0) {
          descent.step(descent.loss(r));
          continue;
        }
        Tensor& step = descent.gradient(descent.loss(r) - lambda_ * descent.loss(forget.next()));
        turned += turn(step, remembered) ? 1 : 0;
        descent.step_along(step);
      }
    }
    UnlearnReport report = report_of(descent.report());
    report.details["drawn"] = drawn.sum().item<std::int64_t>();
    report.details["turned"] = turned;
    return report;
  }

 private:
  bool turn(const Tensor& step, const Tensor& remembered) const {
    constexpr double kRidge = 1e-3;
    const double product = step.dot(remembered).item<double>();
    if (!(product < 0)) return false;
    const double square = remembered.dot(remembered).item<double>();
    step.add_(remembered, std::max(margin_, -product / (square + kRidge)));
    return true;
  }

  // bool [dim]
  Tensor most_used(const Model& model, const Task& task, std::int64_t batch_size,
                   Context& context) const {
    if (task.forget.empty()) return at::zeros({model.dim()}, at::kBool);
    Generator draw = context.generator.stream("batch");
    const std::int64_t count = std::min(batch_size, task.forget.size());
    const Subset batch = task.forget.with_rows(drawn_rows(task.forget.rows, count, draw));
    const Tensor gradient = gradient_saliency(model, batch, task.objective(), count, context.cost);
    const Tensor used = largest(gradient * model.theta().abs(), share_);
    const std::int64_t k = layers_ > 0 ? layers_ : weight_layers(model);
    return used & last_layers(model, k) & layers_with_weights(model);
  }

  // Normalisations have none.
  static Tensor layers_with_weights(const Model& model) {
    std::set<std::string> layers;
    for (const ParameterInfo& info : model.parameter_infos()) {
      if (info.is_weight()) layers.insert(info.layer());
    }
    return parameters_where(
        model, [&](const ParameterInfo& info) { return layers.contains(info.layer()); });
  }

  double share_, lambda_, margin_;
  std::int64_t layers_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo scissorhands_method() {
  return {.name = "scissorhands",
          .summary = "draws anew what the forget set uses most, and repairs without relearning it",
          .reference = "Wu and Harandi 2024, arXiv 2401.06187",
          .definition =
              "The share of all parameters with the largest |theta_i times the derivative of a "
              "drawn forget batch's mean loss| is drawn anew, normalisations left out. Then steps "
              "on the mean loss of a batch of what remains minus lambda times that of a forget "
              "batch: where the gradient d has a'd < 0, a minus the gradient of the forget set's "
              "mean loss at the epoch's start, it becomes d + max(margin, -a'd / (|a|^2 + 0.001)) "
              "a; then l2. An epoch is a pass over what remains; once all forget batches were used "
              "its steps are those of finetune.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .make = make_unlearner<Scissorhands>};
}

}  // namespace oubli
