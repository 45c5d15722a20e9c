// SatImp: tokens are climbed by how far they are from forgotten, and by how much they matter.
//
//   min  -gamma mean p^beta1 (1 - p)^beta2 nll_u + alpha mean nll_r,   p the token's probability,
//                                                                      not differentiated
//
// a mean over the asked tokens of a sequence: p^beta1 lets go of what is unlikely already
// (saturation), (1 - p)^beta2 passes over what every model knows (importance). beta2 0 is wga. At p
// = 1 the weight is 0: what the original is sure of is forgotten slowly at first. Source: Yang et
// al. 2025 (arXiv 2505.11953), powers of theirs; of their two ratios of gamma and alpha, 10 in the
// read-me and 1/10 in the configuration, the first, by which more is forgotten. An epoch and the
// default steps: core/unlearn/forget_loss.h. Cost: (2 m and what is added) times the epochs.
#include <ATen/ATen.h>

#include "core/unlearn/forget_loss.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class SatImp : public Unlearner {
 public:
  explicit SatImp(const Settings& settings)
      : beta1_(settings.real(
            "beta1",
            {.default_value = 5, .at_least = 0, .doc = "of the factor p^beta1 of a token"})),
        beta2_(settings.real(
            "beta2",
            {.default_value = 1, .at_least = 0, .doc = "of the factor (1 - p)^beta2 of a token"})),
        settings_(ForgetLossSettings::read(settings, {.gamma = 10, .steps = language_steps()})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return settings_.cost(task);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const Dataset& data = *task.forget.dataset;
    return settings_.descend(model, task, context, [&](const Batch& u) {
      return -LossTerm(u, [&, u](const Tensor& outputs) {
        const Tensor nll = token_losses(outputs, u.targets);
        const Tensor p = nll.detach().neg().exp();
        // 1 - p of what is almost sure, without cancellation.
        const Tensor rest = nll.detach().neg().expm1().neg();
        return mean_of_asked(p.pow(beta1_) * rest.pow(beta2_) * nll,
                             asked_tokens(settings_.tokens, data, u));
      });
    });
  }

 private:
  double beta1_, beta2_;
  ForgetLossSettings settings_;
};

}  // namespace

MethodInfo satimp_method() {
  return {
      .name = "satimp",
      .summary = "climbs the loss of forgotten tokens that are likely and not quite sure",
      .reference = "Yang et al. 2025, arXiv 2505.11953",
      .definition =
          "Steps on -gamma mean p^beta1 (1 - p)^beta2 nll(forget batch) + alpha mean loss(batch of "
          "what remains) + added mean loss(batch of what is added), l2 included; nll = -ln p of a "
          "token, its factors not differentiated, their product's mean over the asked tokens (of "
          "the answer, or all) of a sequence. An epoch is a pass over the forget set.",
      .needs_retain_data = true,
      .needs_forget_data = true,
      .supports_adding = true,
      .takes_labels = false,
      .takes_sequences = true,
      .make = make_unlearner<SatImp>};
}

}  // namespace oubli
