// Weighted gradient ascent: tokens that are still likely are climbed hardest.
//
//   min  -gamma mean p^beta nll_u + alpha mean nll_r,   p the token's probability, not
//                                                       differentiated
//
// a mean over the asked tokens of a sequence. As p -> 0 the gradient goes to 0, where that of plain
// ascent does not, so that what is forgotten is left alone. beta 0 is grad_diff. Source: Wang et
// al. 2025 (arXiv 2502.19301), beta of theirs. An epoch and the default steps:
// core/unlearn/forget_loss.h. Cost: (2 m and what is added) times the epochs.
#include <ATen/ATen.h>

#include "core/unlearn/forget_loss.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Wga : public Unlearner {
 public:
  explicit Wga(const Settings& settings)
      : beta_(settings.real(
            "beta", {.default_value = 1, .at_least = 0, .doc = "of the weight p^beta of a token"})),
        settings_(ForgetLossSettings::read(settings, {.steps = language_steps()})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return settings_.cost(task);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const Dataset& data = *task.forget.dataset;
    return settings_.descend(model, task, context, [&](const Batch& u) {
      return -LossTerm(u, [&, u](const Tensor& outputs) {
        const Tensor nll = token_losses(outputs, u.targets);
        const Tensor p = nll.detach().neg().exp();
        return mean_of_asked(p.pow(beta_) * nll, asked_tokens(settings_.tokens, data, u));
      });
    });
  }

 private:
  double beta_;
  ForgetLossSettings settings_;
};

}  // namespace

MethodInfo wga_method() {
  return {.name = "wga",
          .summary = "climbs the loss of forgotten tokens, those that are likely hardest",
          .reference = "Wang et al. 2025, arXiv 2502.19301",
          .definition =
              "Steps on -gamma mean p^beta nll(forget batch) + alpha mean loss(batch of what "
              "remains) + added mean loss(batch of what is added), l2 included; nll = -ln p of a "
              "token, p^beta not differentiated, their product's mean over the asked tokens (of "
              "the answer, or all) of a sequence. An epoch is a pass over the forget set.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .takes_labels = false,
          .takes_sequences = true,
          .make = make_unlearner<Wga>};
}

}  // namespace oubli
