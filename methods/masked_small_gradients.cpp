// Masked small gradients (MSG): what the forget set depends on as the rest does is drawn anew.
//
//   g  = grad mean l over as many examples of D_r as D_u has, minus grad mean l over D_u
//   M  = in each convolution's kernels, the `share` of the weights with the smallest |g|
//   theta_M <- drawn anew; then fine-tuning on D_r + D_a, whose gradient counts in full at M, and
//   `slow` times elsewhere
//
// Source: second place of the NeurIPS 2023 competition (Triantafillou et al. 2024, arXiv
// 2406.09073), its share, factor and steps as released. A network without convolutions has its
// matrices treated in the same way. Evaluation mode and no l2 for g. With nothing to forget nothing
// is drawn. Cost: 2 m, and n_r times the epochs.
#include <ATen/ATen.h>

#include <algorithm>

#include "core/data/drawing.h"
#include "core/nn/parameter_groups.h"
#include "core/train/descent_settings.h"
#include "core/unlearn/saliency.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class MaskedSmallGradients : public Unlearner {
 public:
  explicit MaskedSmallGradients(const Settings& settings)
      : share_(settings.real("share", {.default_value = 0.3,
                                       .at_least = 0,
                                       .at_most = 1,
                                       .doc = "of each layer's weights that are drawn anew"})),
        slow_(settings.real(
            "slow",
            {.default_value = 0.1, .at_least = 0, .doc = "factor on the gradient of the others"})),
        steps_(DescentSettings::read(settings, {.epochs = 5, .lr = 1e-3, .batch_size = 64})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.retain.size() * steps_.epochs + 2 * task.forget.size());
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const Tensor drawn = chosen(model, task, context);
    Generator initialisation = context.generator.stream("initialisation");
    if (drawn.any().item<bool>()) model.initialise(initialisation, drawn);
    StepChanges changes;
    changes.on_gradient = [&, rest = drawn.logical_not()](Tensor& gradient, const StepState&) {
      gradient.masked_scatter_(rest, gradient.masked_select(rest) * slow_);
    };
    UnlearnReport report =
        report_of(train(model, task.retain, steps_.recipe(task.recipe), context, changes));
    report.details["drawn"] = drawn.sum().item<std::int64_t>();
    return report;
  }

 private:
  // bool [dim]
  Tensor chosen(const Model& model, const Task& task, Context& context) const {
    Tensor chosen = at::zeros({model.dim()}, at::kBool);
    if (task.forget.empty()) return chosen;
    Generator draw = context.generator.stream("examples");
    const std::int64_t count = std::min(task.forget.size(), task.retain.size());
    const Subset some = task.retain.with_rows(drawn_rows(task.retain.rows, count, draw));
    const Objective loss{task.objective().loss, 0};
    const Tensor size = (value_and_gradient(model, some, loss, context.cost).gradient -
                         value_and_gradient(model, task.forget, loss, context.cost).gradient)
                            .abs();
    const auto& infos = model.parameter_infos();
    const bool has_kernels = std::any_of(infos.begin(), infos.end(), is_kernel);
    for (const ParameterInfo& info : infos) {
      if (has_kernels ? !is_kernel(info) : !info.is_weight()) continue;
      const Tensor smallest = largest(-size.narrow(0, info.offset, info.size), share_);
      chosen.narrow(0, info.offset, info.size).copy_(smallest);
    }
    return chosen;
  }

  static bool is_kernel(const ParameterInfo& info) { return info.shape.size() == 4; }

  double share_, slow_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo masked_small_gradients_method() {
  return {.name = "masked_small_gradients",
          .summary = "draws anew what forget and retain set depend on alike, and trains on",
          .reference = "Triantafillou et al. 2024, arXiv 2406.09073 (second place)",
          .definition =
              "In each convolution's kernels, or in each matrix where there are none, the share of "
              "the weights with the smallest |gradient of the mean loss over as many drawn "
              "examples of what remains, minus that over the forget set| is drawn anew; then "
              "finetune, with the gradient, l2 included, times `slow` for all other parameters.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .make = make_unlearner<MaskedSmallGradients>};
}

}  // namespace oubli
