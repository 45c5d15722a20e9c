// SimNPO: negative preference optimisation without a reference model.
//
//   min  -gamma (2 / beta) mean ln sigmoid( beta (nll_u / |y| - delta) ) + alpha mean nll_r
//
// nll_u / |y| the mean over the asked tokens of a sequence, delta a margin: answers that are
// already unlikely weigh little, long ones no less than short ones. Its gradient is that of ascent
// on the mean nll times 2 / (1 + exp(beta (nll_u / |y| - delta))). Source: Fan et al. 2024 (arXiv
// 2410.07163), which writes the margin behind beta (gamma = beta delta); released code subtracts it
// before, as here. beta and gamma are those of their TOFU runs (2.5 and 0.1375; open-unlearning has
// 4.5 and 0.125). An epoch and the default steps: core/unlearn/forget_loss.h. Cost: (2 m and what
// is added) times the epochs.
#include <ATen/ATen.h>

#include "core/unlearn/forget_loss.h"
#include "core/unlearn/preference_loss.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class SimNpo : public Unlearner {
 public:
  explicit SimNpo(const Settings& settings)
      : beta_(settings.real(
            "beta",
            {.default_value = 2.5, .above = 0, .doc = "how soon the answer is unlikely enough"})),
        delta_(settings.real("delta",
                             {.default_value = 0, .doc = "loss of a token that is aimed above"})),
        settings_(
            ForgetLossSettings::read(settings, {.gamma = 0.1375, .steps = language_steps()})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return settings_.cost(task);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const Dataset& data = *task.forget.dataset;
    return settings_.descend(model, task, context, [&](const Batch& u) {
      return LossTerm(u, [&, u](const Tensor& outputs) {
        const Tensor nll = mean_token_losses(outputs, settings_.tokens, data, u);
        return preference_loss(nll - delta_, beta_);
      });
    });
  }

 private:
  double beta_, delta_;
  ForgetLossSettings settings_;
};

}  // namespace

MethodInfo simnpo_method() {
  return {.name = "simnpo",
          .summary = "makes forgotten answers unlikely by themselves, ever more slowly",
          .reference = "Fan et al. 2024, arXiv 2410.07163",
          .definition =
              "Steps on -gamma (2 / beta) mean ln sigmoid(beta (nll - delta))(forget batch) + "
              "alpha mean loss(batch of what remains) + added mean loss(batch of what is added), "
              "l2 included; nll of a sequence is the mean over the asked tokens (of the answer, or "
              "all) of -ln p. An epoch is a pass over the forget set.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .takes_labels = false,
          .takes_sequences = true,
          .make = make_unlearner<SimNpo>};
}

}  // namespace oubli
