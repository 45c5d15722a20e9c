// Fine-tuning with Gaussian noise: at the start, in each step, or both.
//
//   theta_0 = theta + sigma_0 z_0
//   theta_{t+1} = theta_t - r_t (direction(grad J(theta_t; D_r + D_a))) + sqrt(2 r_t) sigma z_t
//
// with z_t ~ N(0, I) and r_t the step's rate: the noise of Langevin dynamics. A heuristic: nothing
// is certified, which would ask for noise, clipping and an account in training too. Source: Chien
// et al. 2024 (arXiv 2401.10371) for the step; noise at the start is the competition's third and
// seventh place (Triantafillou et al. 2024, arXiv 2406.09073). Rate and epochs are finetune's, and
// `noise` has no published value: it depends on the width of the weights. Cost: n_r times the
// epochs.
#include <ATen/ATen.h>

#include <cmath>

#include "core/train/descent_settings.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class NoisyFinetune : public Unlearner {
 public:
  explicit NoisyFinetune(const Settings& settings)
      : start_(settings.real(
            "start_noise",
            {.default_value = 0, .at_least = 0, .doc = "sigma_0, added to theta at the start"})),
        noise_(settings.real(
            "noise",
            {.default_value = 1e-3, .at_least = 0, .doc = "sigma, of the noise in each step"})),
        steps_(DescentSettings::read(settings, {.epochs = 10, .lr = 0.01, .momentum = 0})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.retain.size() * steps_.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    Generator noise = context.generator.stream("noise");
    if (start_ > 0) model.add_to_theta(noise.normal({model.dim()}, at::kDouble), start_);
    StepChanges changes;
    if (noise_ > 0) {
      changes.after_step = [&](const Tensor& theta, const StepState& state) {
        theta.add_(noise.normal(theta.sizes(), theta.scalar_type()),
                   std::sqrt(2 * state.lr) * noise_);
      };
    }
    return report_of(train(model, task.retain, steps_.recipe(task.recipe), context, changes));
  }

 private:
  double start_, noise_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo noisy_finetune_method() {
  return {.name = "noisy_finetune",
          .summary = "goes on training with noise, on what remains only; certifies nothing",
          .reference =
              "Chien et al. 2024, arXiv 2401.10371; Triantafillou et al. 2024, arXiv "
              "2406.09073",
          .definition =
              "finetune from theta + start_noise N(0, I), with sqrt(2 r) noise N(0, I) added to "
              "theta behind each step of rate r.",
          .needs_retain_data = true,
          .needs_forget_data = false,
          .supports_adding = true,
          .make = make_unlearner<NoisyFinetune>};
}

}  // namespace oubli
