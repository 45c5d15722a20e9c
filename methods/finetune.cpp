// Fine-tuning on the retain set: forgetting through catastrophic forgetting alone.
//
//   theta' = SGD(J(.; D_r + D_a)), from theta
//
// Source: the baseline of Golatkar et al. 2020 (arXiv 1911.04933). The objective, its regulariser
// included, is that of training; the optimiser's state starts anew. 10 epochs at 0.01 are those of
// SalUn's code (Fan et al. 2024, arXiv 2310.12508), whose tables search the rate from 1e-3 to 0.1.
// A model that interpolates its retain set has almost no gradient there and hardly moves. `layers`,
// `l1` and `noise` change each step as cf_k, l1_sparse and noisy_finetune do, which have their
// authors' schedules. Cost: n_r times the epochs.
#include <ATen/ATen.h>

#include <cmath>

#include "core/nn/parameter_groups.h"
#include "core/train/descent_settings.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Finetune : public Unlearner {
 public:
  explicit Finetune(const Settings& settings)
      : steps_(DescentSettings::read(settings, {.epochs = 10, .lr = 0.01})),
        layers_(settings.integer("layers", {.default_value = 0,
                                            .at_least = 0,
                                            .doc = "last layers with weights that move; 0: all"})),
        l1_(settings.real(
            "l1",
            {.default_value = 0, .at_least = 0, .doc = "strength of the penalty ||theta||_1"})),
        noise_(settings.real("noise", {.default_value = 0,
                                       .at_least = 0,
                                       .doc = "sigma of sqrt(2 lr) sigma N(0, I) in each step"})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.retain.size() * steps_.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    Generator noise = context.generator.stream("noise");
    StepChanges changes;
    if (layers_ > 0) changes.movable = last_layers(model, layers_);
    if (l1_ > 0) {
      changes.on_gradient = [&](Tensor& gradient, const StepState&) {
        gradient.add_(model.theta().sign(), l1_);
      };
    }
    if (noise_ > 0) {
      changes.after_step = [&](const Tensor& theta, const StepState& state) {
        theta.add_(noise.normal(theta.sizes(), theta.scalar_type()),
                   std::sqrt(2 * state.lr) * noise_);
      };
    }
    return report_of(train(model, task.retain, steps_.recipe(task.recipe), context, changes));
  }

 private:
  DescentSettings steps_;
  std::int64_t layers_;
  double l1_, noise_;
};

}  // namespace

MethodInfo finetune_method() {
  return {.name = "finetune",
          .summary = "goes on training, on what remains only",
          .reference = "Golatkar et al. 2020, arXiv 1911.04933 (baseline)",
          .definition =
              "Stochastic gradient descent from theta on the training objective, l2 included, over "
              "what remains and what is added: optimizer, lr, momentum, schedule and epochs of its "
              "own; augmentation and clip_norm of training. With layers: k only the last k layers "
              "move; l1 adds l1 sign(theta) to each gradient, noise adds sqrt(2 lr) noise N(0, I) "
              "to theta behind each step.",
          .needs_retain_data = true,
          .needs_forget_data = false,
          .supports_adding = true,
          .takes_sequences = true,
          .make = make_unlearner<Finetune>};
}

}  // namespace oubli
