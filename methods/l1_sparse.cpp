// Fine-tuning towards a sparse model.
//
//   min J(theta; D_r + D_a) + gamma_t ||theta||_1,   gamma_t = gamma max(0, 1 - t / (E - E_0))
//
// with t the epoch, E epochs in all and none of the penalty in the last E_0. Source: Jia et al.
// 2023 (arXiv 2304.04934); gamma_t as in the authors' code. `form: subgradient`, theirs, adds
// gamma_t sign(theta) to the gradient and makes nothing exactly 0; `proximal` shrinks each
// parameter by lr gamma_t behind each step, which does. `prune`: the share of parameters of
// smallest magnitude that is set to 0 before and stays 0 ("prune first, then unlearn"); biases and
// scales are not pruned. Cost: n_r times the epochs.
#include <ATen/ATen.h>

#include "core/nn/parameter_groups.h"
#include "core/train/descent_settings.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class L1Sparse : public Unlearner {
 public:
  explicit L1Sparse(const Settings& settings)
      : gamma_(settings.real(
            "gamma",
            {.default_value = 5e-4, .at_least = 0, .doc = "strength of the penalty at the start"})),
        free_epochs_(settings.integer(
            "free_epochs",
            {.default_value = 0, .at_least = 0, .doc = "last epochs without the penalty"})),
        is_proximal_(settings.choice("form", {.default_value = "subgradient",
                                              .valid = {"subgradient", "proximal"},
                                              .doc = "how the penalty enters a step"}) ==
                     "proximal"),
        prune_(settings.real("prune", {.default_value = 0,
                                       .at_least = 0,
                                       .below = 1,
                                       .doc = "share of the weights set to 0 first, for good"})),
        steps_(DescentSettings::read(settings, {.epochs = 10, .lr = 0.01})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.retain.size() * steps_.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    StepChanges changes;
    if (prune_ > 0) changes.movable = pruned(model);
    if (gamma_ > 0 && is_proximal_) {
      changes.after_step = [this](const Tensor& theta, const StepState& state) {
        const double shrink = state.lr * gamma_at(state.epoch);
        theta.copy_(theta.sign() * (theta.abs() - shrink).clamp_min(0));
      };
    } else if (gamma_ > 0) {
      changes.on_gradient = [&](Tensor& gradient, const StepState& state) {
        gradient.add_(model.theta().sign(), gamma_at(state.epoch));
      };
    }
    UnlearnReport report =
        report_of(train(model, task.retain, steps_.recipe(task.recipe), context, changes));
    const double zeros = model.theta().eq(0).sum().item<double>();
    report.details["share_of_zeros"] = zeros / static_cast<double>(model.dim());
    return report;
  }

 private:
  double gamma_at(std::int64_t epoch) const {
    const std::int64_t penalised = steps_.epochs - free_epochs_;
    if (epoch >= penalised) return 0;
    return gamma_ * (1 - static_cast<double>(epoch) / static_cast<double>(penalised));
  }

  // Sets the smallest weights to 0; returns what may still move.
  Tensor pruned(Model& model) const {
    const Tensor weights =
        parameters_where(model, [](const ParameterInfo& info) { return info.is_weight(); });
    const Tensor places = weights.nonzero().squeeze(1);
    const Tensor order = model.theta().index_select(0, places).abs().argsort(
        /*stable=*/true, /*dim=*/0, /*descending=*/false);
    const auto count = static_cast<std::int64_t>(prune_ * static_cast<double>(places.numel()));
    Tensor kept = at::ones({model.dim()}, at::kBool);
    kept.index_fill_(0, places.index_select(0, order.narrow(0, 0, count)), false);
    model.set_theta(model.theta() * kept);
    return kept;
  }

  double gamma_;
  std::int64_t free_epochs_;
  bool is_proximal_;
  double prune_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo l1_sparse_method() {
  return {.name = "l1_sparse",
          .summary = "goes on training towards a sparse model, on what remains only",
          .reference = "Jia et al. 2023, arXiv 2304.04934",
          .definition =
              "finetune with the penalty gamma (1 - epoch / (epochs - free_epochs)) ||theta||_1 "
              "over all parameters, 0 in the last free_epochs: its subgradient added to each "
              "gradient, or its proximal step behind each step; the share `prune` of the weights, "
              "the smallest, is 0 from the start and stays 0.",
          .needs_retain_data = true,
          .needs_forget_data = false,
          .supports_adding = true,
          .takes_sequences = true,
          .make = make_unlearner<L1Sparse>};
}

}  // namespace oubli
